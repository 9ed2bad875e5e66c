import signal

LAUNCH_FILE = """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess
from launch.substitutions import LaunchConfiguration

def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument('who', description='whom to greet'),
        DeclareLaunchArgument('times', default_value='1', description='how often'),
        ExecuteProcess(cmd=['echo', 'hello', LaunchConfiguration('who')], output='screen'),
    ])
"""


def executable(folder, name, text):
    path = folder / 'lib/toys' / name
    path.write_text(text)
    path.chmod(0o755)


def test_run_hands_on_arguments(ros2, prefix):
    folder, env = prefix
    executable(folder, 'say', '#!/bin/sh\necho "$@"\n')
    done = ros2('run', 'toys', 'say', '--ros-args', '-p', 'a:=1', env=env)
    assert (done.returncode, done.stdout) == (0, '--ros-args -p a:=1\n')


def test_run_hands_on_the_exit_status(ros2, prefix):
    folder, env = prefix
    executable(folder, 'fail', '#!/bin/sh\nexit 7\n')
    assert ros2('run', 'toys', 'fail', env=env).returncode == 7


def test_run_lets_the_executable_see_sigint(start, prefix):
    folder, env = prefix
    executable(
        folder,
        'wait',
        '#!/usr/bin/env python3\nimport time\n'
        'try:\n    print("up", flush=True)\n    time.sleep(60)\n'
        'except KeyboardInterrupt:\n    print("interrupted")\n',
    )
    running = start('run', 'toys', 'wait', env=env)
    running.read_until('up')
    assert running.stop(signal.SIGINT) == 0
    assert 'interrupted' in running.output


def test_run_of_a_missing_executable_fails(ros2, prefix):
    folder, env = prefix
    executable(folder, 'say', '#!/bin/sh\n')
    done = ros2('run', 'toys', 'sai', env=env)
    assert done.returncode == 1
    assert 'No executable found' in done.stderr


def test_run_of_a_missing_package_fails(ros2):
    done = ros2('run', 'no_such_package', 'x')
    assert done.returncode == 1
    assert "Package 'no_such_package' not found" in done.stderr


def test_launch_finds_a_file_by_its_package_and_passes_arguments(ros2, prefix):
    folder, env = prefix
    (folder / 'share/toys/launch/greet.launch.py').write_text(LAUNCH_FILE)
    done = ros2('launch', 'toys', 'greet.launch.py', 'who:=there', env=env)
    assert done.returncode == 0
    assert 'hello there' in done.stdout


def test_launch_takes_a_path(ros2, tmp_path):
    path = tmp_path / 'greet.launch.py'
    path.write_text(LAUNCH_FILE)
    done = ros2('launch', path, 'who:=there')
    assert done.returncode == 0
    assert 'hello there' in done.stdout


def test_launch_without_a_required_argument_fails_and_names_it(ros2, tmp_path):
    path = tmp_path / 'greet.launch.py'
    path.write_text(LAUNCH_FILE)
    done = ros2('launch', path)
    assert done.returncode == 1
    assert "'who'" in done.stdout + done.stderr


def test_launch_shows_arguments(ros2, tmp_path):
    path = tmp_path / 'greet.launch.py'
    path.write_text(LAUNCH_FILE)
    done = ros2('launch', path, '--show-args')
    assert done.returncode == 0
    assert "    'who':\n        whom to greet\n" in done.stdout
    assert "        (default: '1')" in done.stdout


def test_launch_of_a_missing_file_fails(ros2, prefix):
    folder, env = prefix
    (folder / 'share/toys/launch/greet.launch.py').write_text(LAUNCH_FILE)
    done = ros2('launch', 'toys', 'great.launch.py', env=env)
    assert done.returncode == 1
    assert "'great.launch.py' was not found" in done.stderr


def test_launch_refuses_an_argument_that_is_no_assignment(ros2, tmp_path):
    path = tmp_path / 'greet.launch.py'
    path.write_text(LAUNCH_FILE)
    done = ros2('launch', path, 'who=there')
    assert done.returncode == 1
    assert "malformed launch argument 'who=there'" in done.stderr
