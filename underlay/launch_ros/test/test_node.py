"""Nodes get the names, parameters and remappings that launch files give them."""

import json
import os
from pathlib import Path
import sys

from ament_index_python.packages import PackageNotFoundError
from launch import LaunchContext, LaunchDescription, LaunchService
from launch.actions import GroupAction, RegisterEventHandler, SetLaunchConfiguration, Shutdown
from launch.conditions import IfCondition
from launch.event_handlers import OnProcessIO
from launch.substitutions import LaunchConfiguration, SubstitutionFailure
from launch_ros.actions import (
    Node,
    PushRosNamespace,
    SetParameter,
    SetParametersFromFile,
    SetRemap,
)
from launch_ros.descriptions import ParameterFile, ParameterValue
from launch_ros.substitutions import ExecutableInPackage, FindPackageShare
import pytest

NODE = str(Path(__file__).with_name('node.py'))


def make_node(**kwargs):
    kwargs.setdefault('arguments', [NODE])
    return Node(executable=sys.executable, output='screen', cached_output=True, **kwargs)


def launch(*entities):
    service = LaunchService(noninteractive=True)
    service.include_launch_description(LaunchDescription(entities))
    return service.run()


def what_it_got(node, *before):
    """Launch a node until it has printed what it was given."""
    stop = OnProcessIO(on_stdout=lambda event: Shutdown())
    assert launch(RegisterEventHandler(stop), *before, node) == 0
    return json.loads(node.get_stdout())


def test_a_node_has_the_names_of_its_code_unless_told_otherwise():
    got = what_it_got(make_node())
    assert got == {'name': '/unnamed', 'image': '/image', 'parameters': {}}


def test_name_namespace_and_remappings_are_passed_on():
    node = make_node(
        name='eye',
        namespace=LaunchConfiguration('ns'),
        remappings=[('image', ['/', LaunchConfiguration('ns'), '/camera'])],
    )
    got = what_it_got(node, SetLaunchConfiguration('ns', 'robot'))
    assert got['name'] == '/robot/eye'
    assert got['image'] == '/robot/camera'
    assert node.node_name == '/robot/eye'


def test_namespaces_are_nested_by_groups():
    inner, outer = make_node(name='inner', namespace='own'), make_node(name='outer')
    absolute = make_node(name='absolute', namespace='/other')
    assert (
        launch(
            GroupAction(
                [
                    PushRosNamespace('a'),
                    GroupAction([PushRosNamespace('b'), inner, absolute]),
                    outer,
                ]
            ),
            Shutdown(),
        )
        == 0
    )
    assert inner.node_name == '/a/b/own/inner'
    assert outer.node_name == '/a/outer'
    assert absolute.node_name == '/other/absolute'


def test_parameters_keep_their_types():
    got = what_it_got(
        make_node(
            name='eye',
            namespace='/',
            parameters=[
                {
                    'flag': True,
                    'number': 3,
                    'half': 0.5,
                    'text': '3',
                    'empty': '',
                    'list': [1, 2],
                    'mixed': [1, 0.5],
                    'texts': ['a', '1'],
                    'nested': {'inner': {'deep': 'x'}},
                }
            ],
        )
    )
    assert got['parameters'] == {
        'flag': True,
        'number': 3,
        'half': 0.5,
        'text': '3',
        'empty': '',
        'list': [1, 2],
        'mixed': [1.0, 0.5],
        'texts': ['a', '1'],
        'nested.inner.deep': 'x',
    }


def test_substitutions_are_read_as_yaml_unless_a_type_is_given():
    value = LaunchConfiguration('value')
    got = what_it_got(
        make_node(
            parameters=[
                {
                    'as_yaml': value,
                    'as_text': ParameterValue(value, value_type=str),
                    'as_float': ParameterValue(value, value_type=float),
                    'joined': ['a', value],
                    ('name_', value): 1,
                }
            ]
        ),
        SetLaunchConfiguration('value', '7'),
    )
    assert got['parameters'] == {
        'as_yaml': 7,
        'as_text': '7',
        'as_float': 7.0,
        'joined': 'a7',
        'name_7': 1,
    }


def test_text_that_is_no_yaml_needs_a_type():
    description = LaunchConfiguration('robot_description')
    text = '<robot name="a: b">\n  <!-- # -->\n</robot>'
    xml = SetLaunchConfiguration('robot_description', text)
    assert launch(xml, make_node(parameters=[{'robot_description': description}])) == 1
    typed = ParameterValue(description, value_type=str)
    got = what_it_got(make_node(parameters=[{'robot_description': typed}]), xml)
    assert got['parameters']['robot_description'] == text


def test_the_last_parameter_wins(tmp_path):
    path = tmp_path / 'parameters.yaml'
    path.write_text('/**:\n  ros__parameters:\n    a: file\n    b: file\n    c: file\n')
    parameters = [{'a': 'first', 'b': 'first'}, str(path), {'b': 'last'}]
    got = what_it_got(make_node(parameters=parameters))
    assert got['parameters'] == {'a': 'file', 'b': 'last', 'c': 'file'}


@pytest.mark.parametrize('make', [str, Path, lambda path: ParameterFile(str(path))])
def test_a_parameter_file_may_be_given_in_several_ways(tmp_path, make):
    path = tmp_path / 'parameters.yaml'
    path.write_text('/**:\n  ros__parameters:\n    a: 1\nother:\n  ros__parameters:\n    b: 1\n')
    got = what_it_got(make_node(name='eye', parameters=[make(path)]))
    assert got['parameters'] == {'a': 1}


def test_a_dict_is_for_the_named_node_only(tmp_path):
    node = make_node(name='eye', namespace='robot', parameters=[{'a': 1}])
    assert what_it_got(node)['parameters'] == {'a': 1}
    assert '/robot/eye:' in written_parameters(node)
    unnamed = make_node(name='eye', parameters=[{'a': 1}])
    assert what_it_got(unnamed)['parameters'] == {'a': 1}
    assert '/**:' in written_parameters(unnamed)


def written_parameters(node):
    cmd = node.process_details['cmd']
    return Path(cmd[cmd.index('--params-file') + 1]).read_text()


def test_parameters_and_remappings_of_a_scope_reach_its_nodes_only(tmp_path):
    path = tmp_path / 'parameters.yaml'
    path.write_text('/**:\n  ros__parameters:\n    from_file: 1\n')
    scoped = [
        SetParameter('shared', True),
        SetParametersFromFile(str(path)),
        SetRemap('image', '/camera'),
    ]
    got = what_it_got(make_node(parameters=[{'own': 1}]), *scoped)
    assert got['parameters'] == {'shared': True, 'from_file': 1, 'own': 1}
    assert got['image'] == '/camera'
    assert what_it_got(make_node(), GroupAction(scoped))['parameters'] == {}


def test_own_parameters_win_over_those_of_the_scope():
    got = what_it_got(make_node(parameters=[{'a': 'own'}]), SetParameter('a', 'scope'))
    assert got['parameters'] == {'a': 'own'}


def test_arguments_come_before_ros_arguments():
    node = make_node(arguments=[NODE, '--mine'], ros_arguments=['-p', 'a:=5'])
    assert what_it_got(node)['parameters'] == {'a': 5}
    cmd = node.process_details['cmd']
    assert cmd.index('--mine') < cmd.index('--ros-args') < cmd.index('a:=5')


def test_a_node_is_launched_only_if_its_condition_holds():
    node = make_node(condition=IfCondition('false'))
    assert launch(node) == 0
    assert node.process_details is None


def test_a_node_has_no_name_before_it_is_executed():
    with pytest.raises(RuntimeError):
        make_node(name='eye').node_name  # noqa: B018


@pytest.mark.parametrize(
    'kwargs',
    [
        {'parameters': {'a': 1}},
        {'parameters': 'parameters.yaml'},
        {'parameters': [5.0]},
        {'parameters': [{5: 'a'}]},
        {'parameters': [{'a': {'b': None}}]},
        {'remappings': {'image': 'camera'}},
        {'no_such_keyword': 1},
    ],
)
def test_what_makes_no_sense_is_refused_at_once(kwargs):
    with pytest.raises(TypeError):
        make_node(**kwargs)


@pytest.mark.parametrize('kwargs', [{'name': 'a/b'}, {'name': 'a-b'}, {'namespace': 'a b'}])
def test_an_invalid_name_fails_the_launch(kwargs):
    assert launch(make_node(**kwargs)) == 1


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install a package with one program and one file without the right to be executed."""
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path) + ':' + os.environ['AMENT_PREFIX_PATH'])
    for folder in (
        'share/ament_index/resource_index/packages',
        'share/some_robot',
        'lib/some_robot',
    ):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / 'share/ament_index/resource_index/packages/some_robot').touch()
    (tmp_path / 'lib/some_robot/data').touch()
    program = tmp_path / 'lib/some_robot/driver'
    program.write_text('#!/bin/sh\necho "$0" "$@"\n')
    program.chmod(0o755)
    return tmp_path


def test_programs_are_found_in_their_package(package):
    node = Node(package='some_robot', executable='driver', cached_output=True, exec_name='motor')
    assert launch(node) == 0
    assert node.get_stdout().startswith(f'{package}/lib/some_robot/driver --ros-args')
    assert node.process_details['name'].startswith('motor-')


def test_a_missing_package_or_program_fails_the_launch(package):
    assert launch(Node(package='no_such_robot', executable='driver')) == 1
    assert launch(Node(package='some_robot', executable='no_such_driver')) == 1
    with pytest.raises(SubstitutionFailure, match='data'):
        ExecutableInPackage('data', 'some_robot').perform(LaunchContext())


def test_packages_are_found(package):
    context = LaunchContext()
    assert FindPackageShare('some_robot').perform(context) == str(package / 'share/some_robot')
    with pytest.raises(PackageNotFoundError):
        FindPackageShare('no_such_robot').perform(context)
