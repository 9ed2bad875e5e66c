import re
import signal

import pytest

GRIP = ('/probe/grip', 'control_msgs/action/GripperCommand')

pytestmark = pytest.mark.usefixtures('graph')


def test_node_list_shows_full_names_and_not_itself(ros2):
    lines = ros2('node', 'list').stdout.splitlines()
    assert '/probe/subject' in lines
    assert not [line for line in lines if '_ros2cli' in line]


def test_service_list_shows_types(ros2):
    assert '/probe/switch [std_srvs/srv/SetBool]\n' in ros2('service', 'list', '-t').stdout


def test_service_call_prints_the_answer(ros2):
    done = ros2('service', 'call', '/probe/switch', 'std_srvs/srv/SetBool', '{data: true}')
    assert done.returncode == 0
    assert "std_srvs.srv.SetBool_Response(success=True, message='on')" in done.stdout


def test_service_call_refuses_an_unknown_type(ros2):
    done = ros2('service', 'call', '/probe/switch', 'std_srvs/srv/Nothing')
    assert done.returncode == 1
    assert 'The passed service type is invalid' in done.stderr


def test_param_get_says_type_and_value(ros2):
    assert ros2('param', 'get', '/probe/subject', 'speed').stdout == 'Double value is: 0.5\n'
    done = ros2('param', 'get', '/probe/subject', 'names', '--hide-type')
    assert done.stdout == "['left', 'right']\n"


def test_param_set_changes_the_value(ros2):
    done = ros2('param', 'set', '/probe/subject', 'speed', '0.75')
    assert done.stdout == 'Set parameter successful\n'
    assert ros2('param', 'get', '/probe/subject', 'speed').stdout == 'Double value is: 0.75\n'
    ros2('param', 'set', '/probe/subject', 'speed', '0.5')


def test_param_set_says_why_not(ros2):
    done = ros2('param', 'set', '/probe/subject', 'speed', 'fast')
    assert 'Setting parameter failed' in done.stderr
    assert "expected 'Type.DOUBLE'" in done.stderr


def test_param_of_an_unknown_node_fails(ros2):
    done = ros2('param', 'get', '/probe/nobody', 'speed')
    assert (done.returncode, done.stderr) == (1, 'Node not found\n')


def test_param_list_shows_the_parameters(ros2):
    assert '  speed\n' in ros2('param', 'list', '/probe/subject').stdout


def test_action_list_shows_types(ros2):
    done = ros2('action', 'list', '-t')
    assert '/probe/grip [control_msgs/action/GripperCommand]\n' in done.stdout


def test_action_info_shows_the_server(ros2):
    done = ros2('action', 'info', '/probe/grip')
    assert 'Action servers: 1\n    /probe/subject\n' in done.stdout


def test_send_goal_prints_the_result(ros2):
    done = ros2(
        'action', 'send_goal', *GRIP, '{command: {position: 0.02, max_effort: 1}}', '--feedback'
    )
    assert done.returncode == 0
    assert re.search(r'Goal accepted with ID: [0-9a-f]{32}\n', done.stdout)
    assert 'Feedback:\n' in done.stdout
    assert 'position: 0.02' in done.stdout
    assert 'Goal finished with status: SUCCEEDED' in done.stdout


def test_send_goal_says_when_it_is_rejected(ros2):
    done = ros2('action', 'send_goal', *GRIP, '{command: {position: -1}}')
    assert 'Goal was rejected.' in done.stdout


def test_send_goal_refuses_an_unknown_field(ros2):
    done = ros2('action', 'send_goal', *GRIP, '{opening: 1}')
    assert done.returncode == 1
    assert 'Failed to populate' in done.stderr


def test_ctrl_c_cancels_the_goal(start, graph):
    goal = start('action', 'send_goal', *GRIP, '{command: {max_effort: 0}}')
    goal.read_until('Goal accepted')
    goal.stop(signal.SIGINT)
    assert 'Canceling goal...' in goal.output
    assert 'Goal canceled.' in goal.output
    assert graph.stdout.readline() == 'canceled\n'
