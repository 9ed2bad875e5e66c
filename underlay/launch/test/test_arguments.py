"""Arguments, includes, groups and conditions, as launch files use them."""

from launch import LaunchContext, LaunchDescription, LaunchService
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetEnvironmentVariable,
    SetLaunchConfiguration,
)
from launch.conditions import IfCondition, UnlessCondition
from launch.launch_description_sources import (
    get_launch_description_from_python_launch_file,
    PythonLaunchDescriptionSource,
)
from launch.substitutions import EqualsSubstitution, LaunchConfiguration, ThisLaunchFileDir
import pytest


def launch(*entities):
    """Launch entities; return the exit status."""
    service = LaunchService(noninteractive=True)
    service.include_launch_description(LaunchDescription(entities))
    return service.run()


class Notes:
    """Collects texts while launching."""

    def __init__(self):
        self.texts = []

    def __call__(self, *substitutions, **kwargs):
        def note(context):
            self.texts += [context.perform_substitution(sub) for sub in substitutions]

        return OpaqueFunction(function=note, **kwargs)


@pytest.fixture
def note():
    return Notes()


def write_launch_file(path, body):
    path.write_text(
        'from launch import LaunchDescription\n'
        'from launch.actions import *\n'
        'from launch.substitutions import *\n'
        f'def generate_launch_description():\n    return LaunchDescription([{body}])\n'
    )
    return str(path)


def test_an_argument_has_its_default_until_it_is_given(note):
    value = LaunchConfiguration('speed')
    assert launch(DeclareLaunchArgument('speed', default_value='1.5'), note(value)) == 0
    assert (
        launch(
            SetLaunchConfiguration('speed', '2'),
            DeclareLaunchArgument('speed', default_value='1.5'),
            note(value),
        )
        == 0
    )
    assert note.texts == ['1.5', '2']


def test_a_default_may_be_made_of_other_arguments(note):
    assert (
        launch(
            DeclareLaunchArgument('robot', default_value='arm'),
            DeclareLaunchArgument(
                'topic', default_value=['/', LaunchConfiguration('robot'), '/in']
            ),
            note(LaunchConfiguration('topic')),
        )
        == 0
    )
    assert note.texts == ['/arm/in']


def test_an_argument_without_value_fails_the_launch(note):
    assert launch(DeclareLaunchArgument('robot'), note(LaunchConfiguration('robot'))) == 1
    assert note.texts == []


def test_a_value_that_is_no_choice_fails_the_launch():
    declare = DeclareLaunchArgument('execute', choices=['never', 'auto'])
    assert launch(SetLaunchConfiguration('execute', 'auto'), declare) == 0
    assert launch(SetLaunchConfiguration('execute', 'maybe'), declare) == 1


def test_a_default_that_is_no_choice_is_refused_at_once():
    with pytest.raises(RuntimeError, match='maybe'):
        DeclareLaunchArgument('execute', default_value='maybe', choices=['never', 'auto'])
    with pytest.raises(RuntimeError):
        DeclareLaunchArgument('execute', choices=[])


def test_unknown_keywords_are_refused():
    with pytest.raises(TypeError):
        DeclareLaunchArgument('robot', defaultvalue='arm')
    with pytest.raises(TypeError):
        GroupAction([], scope=True)


def test_choices_are_part_of_the_description():
    argument = DeclareLaunchArgument('execute', description='Move?', choices=['never', 'auto'])
    assert argument.description.startswith('Move?')
    assert "['never', 'auto']" in argument.description


@pytest.mark.parametrize(
    ('text', 'holds'),
    [
        ('true', True),
        ('True', True),
        ('1', True),
        (' TRUE ', True),
        ('false', False),
        ('False', False),
        ('0', False),
    ],
)
def test_conditions_read_true_and_false(text, holds):
    context = LaunchContext()
    assert IfCondition(text).evaluate(context) is holds
    assert UnlessCondition(text).evaluate(context) is not holds


@pytest.mark.parametrize('text', ['', 'yes', 'on', '2', 'truth'])
def test_conditions_refuse_anything_else(text):
    with pytest.raises(ValueError, match='condition'):
        IfCondition(text).evaluate(LaunchContext())


def test_an_action_is_executed_only_if_its_condition_holds(note):
    sim = LaunchConfiguration('sim')
    assert (
        launch(
            DeclareLaunchArgument('sim', default_value='true'),
            note(sim, condition=IfCondition(sim)),
            note(LaunchConfiguration('no'), condition=UnlessCondition(sim)),
            note(sim, condition=IfCondition(EqualsSubstitution(sim, 'true'))),
        )
        == 0
    )
    assert note.texts == ['true', 'true']


def test_what_a_scoped_group_sets_ends_with_it(note, monkeypatch):
    monkeypatch.setenv('LAUNCH_TEST_VARIABLE', 'outside')
    seen = []
    see = OpaqueFunction(
        function=lambda context: seen.append(context.environment['LAUNCH_TEST_VARIABLE'])
    )
    assert (
        launch(
            SetLaunchConfiguration('x', '1'),
            GroupAction(
                [
                    SetLaunchConfiguration('x', '2'),
                    SetEnvironmentVariable('LAUNCH_TEST_VARIABLE', 'inside'),
                    note(LaunchConfiguration('x')),
                    see,
                ]
            ),
            note(LaunchConfiguration('x')),
            see,
        )
        == 0
    )
    assert note.texts == ['2', '1']
    assert seen == ['inside', 'outside']


def test_a_group_without_scope_leaves_what_it_sets(note):
    assert (
        launch(
            GroupAction([SetLaunchConfiguration('x', '2')], scoped=False),
            note(LaunchConfiguration('x')),
        )
        == 0
    )
    assert note.texts == ['2']


def test_a_group_without_forwarding_knows_only_its_own_configurations(note):
    x, y = LaunchConfiguration('x', default='none'), LaunchConfiguration('y', default='none')
    assert (
        launch(
            SetLaunchConfiguration('x', '1'),
            GroupAction([note(x, y)], forwarding=False, launch_configurations={'y': '2'}),
            note(x, y),
        )
        == 0
    )
    assert note.texts == ['none', '2', '1', 'none']


def test_an_included_file_gets_its_arguments_and_leaves_them_set(tmp_path, note):
    path = write_launch_file(
        tmp_path / 'inner.launch.py',
        "DeclareLaunchArgument('a'), SetLaunchConfiguration('b', [LaunchConfiguration('a'), '!'])",
    )
    assert (
        launch(
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource([str(tmp_path), '/inner.launch.py']),
                launch_arguments=[('a', ['x', 'y'])],
            ),
            note(LaunchConfiguration('b'), LaunchConfiguration('a')),
        )
        == 0
    )
    assert note.texts == ['xy!', 'xy']
    assert path.endswith('inner.launch.py')


def test_an_include_without_a_required_argument_fails_the_launch(tmp_path):
    path = write_launch_file(tmp_path / 'inner.launch.py', "DeclareLaunchArgument('a')")
    source = PythonLaunchDescriptionSource(path)
    assert launch(IncludeLaunchDescription(source)) == 1
    assert launch(IncludeLaunchDescription(source, launch_arguments={'a': '1'}.items())) == 0


def test_a_launch_file_knows_its_folder(tmp_path, note):
    path = write_launch_file(
        tmp_path / 'inner.launch.py', "SetLaunchConfiguration('here', ThisLaunchFileDir())"
    )
    assert (
        launch(
            IncludeLaunchDescription(PythonLaunchDescriptionSource(path)),
            note(LaunchConfiguration('here')),
        )
        == 0
    )
    assert note.texts == [str(tmp_path)]


def test_outside_of_a_launch_file_there_is_no_folder():
    with pytest.raises(RuntimeError):
        ThisLaunchFileDir().perform(LaunchContext())


def test_arguments_are_found_through_includes_without_launching(tmp_path):
    write_launch_file(
        tmp_path / 'inner.launch.py',
        "DeclareLaunchArgument('inner', default_value=LaunchConfiguration('outer')), "
        "DeclareLaunchArgument('outer', default_value='hidden by the first')",
    )
    path = write_launch_file(
        tmp_path / 'outer.launch.py',
        "DeclareLaunchArgument('outer', default_value='1', description='first'), "
        'GroupAction([IncludeLaunchDescription('
        f'{str(tmp_path / "inner.launch.py")!r})], scoped=True)',
    )
    arguments = get_launch_description_from_python_launch_file(path).get_launch_arguments()
    assert [argument.name for argument in arguments] == ['outer', 'inner']
    assert arguments[0].description == 'first'
    assert arguments[0].default_value[0].describe() == "'1'"
    assert arguments[1].default_value[0].describe() == "LaunchConfig('outer')"


def test_arguments_know_whether_they_depend_on_a_condition():
    description = LaunchDescription(
        [
            DeclareLaunchArgument('always'),
            GroupAction([DeclareLaunchArgument('sometimes')], condition=IfCondition('true')),
        ]
    )
    arguments = description.get_launch_arguments()
    assert [argument._conditionally_included for argument in arguments] == [False, True]


def test_a_file_without_the_function_is_no_launch_file(tmp_path):
    path = tmp_path / 'empty.launch.py'
    path.write_text('')
    with pytest.raises(Exception, match='generate_launch_description'):
        get_launch_description_from_python_launch_file(str(path))
