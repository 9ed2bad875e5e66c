"""Texts that are known only while launching."""

from launch import LaunchContext
from launch.substitutions import (
    AndSubstitution,
    Command,
    EnvironmentVariable,
    EqualsSubstitution,
    FindExecutable,
    LaunchConfiguration,
    NotEqualsSubstitution,
    NotSubstitution,
    OrSubstitution,
    PathJoinSubstitution,
    PythonExpression,
    SubstitutionFailure,
    TextSubstitution,
)
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions
import pytest


@pytest.fixture
def context():
    context = LaunchContext()
    context.launch_configurations['robot'] = 'arm'
    return context


def test_a_launch_configuration_falls_back_to_its_default_only(context):
    assert LaunchConfiguration('robot', default='leg').perform(context) == 'arm'
    assert LaunchConfiguration('other', default='leg').perform(context) == 'leg'
    with pytest.raises(SubstitutionFailure, match='other'):
        LaunchConfiguration('other').perform(context)


def test_an_environment_variable_falls_back_to_its_default_only(context, monkeypatch):
    monkeypatch.setenv('LAUNCH_TEST_VARIABLE', 'set')
    assert EnvironmentVariable('LAUNCH_TEST_VARIABLE').perform(context) == 'set'
    monkeypatch.delenv('LAUNCH_TEST_VARIABLE')
    name = 'LAUNCH_TEST_VARIABLE'
    assert EnvironmentVariable(name, default_value='').perform(context) == ''
    with pytest.raises(SubstitutionFailure, match=name):
        EnvironmentVariable(name).perform(context)


def test_parts_of_a_path_are_joined(context):
    robot = LaunchConfiguration('robot')
    assert PathJoinSubstitution(['/share', robot, 'urdf']).perform(context) == '/share/arm/urdf'
    assert PathJoinSubstitution(['/share', '/abs']).perform(context) == '/abs'
    assert PathJoinSubstitution(['/share', '']).perform(context) == '/share/'


def test_a_python_expression_knows_math_and_its_modules(context):
    robot = LaunchConfiguration('robot')
    assert PythonExpression(["'", robot, "' == 'arm'"]).perform(context) == 'True'
    assert PythonExpression('math.floor(sqrt(5))').perform(context) == '2'
    assert PythonExpression('os.sep', ['os']).perform(context) == '/'
    with pytest.raises(NameError):
        PythonExpression('os.sep').perform(context)


def test_a_command_yields_its_output(context):
    assert Command(['echo ', LaunchConfiguration('robot'), ' "a  b"']).perform(context) == (
        'arm a  b\n'
    )


@pytest.mark.parametrize('command', ['false', 'no-such-program-anywhere', 'sh -c "echo x >&2"'])
def test_a_command_that_fails_or_complains_is_a_failure(context, command):
    with pytest.raises(SubstitutionFailure):
        Command(command).perform(context)


def test_a_command_may_be_allowed_to_complain(context):
    command = 'sh -c "echo out; echo err >&2"'
    assert Command(command, on_stderr='ignore').perform(context) == 'out\n'
    assert Command(command, on_stderr='warn').perform(context) == 'out\n'
    assert Command(command, on_stderr='capture').perform(context) == 'out\nerr\n'
    with pytest.raises(SubstitutionFailure):
        Command(command, on_stderr='shrug').perform(context)


def test_programs_are_found_on_the_path(context):
    assert FindExecutable(name='sh').perform(context).endswith('/sh')
    with pytest.raises(SubstitutionFailure):
        FindExecutable(name='no-such-program-anywhere').perform(context)


@pytest.mark.parametrize(
    ('left', 'right', 'equal'),
    [
        ('a', 'a', 'true'),
        ('a', 'b', 'false'),
        ('True', '1', 'true'),
        ('false', True, 'false'),
        ('1.0', '1.00', 'true'),
        (1, '1.0', 'true'),
        (None, '', 'true'),
        ('0', 'x', 'false'),
    ],
)
def test_equality_knows_booleans_and_numbers(context, left, right, equal):
    assert EqualsSubstitution(left, right).perform(context) == equal
    assert NotEqualsSubstitution(left, right).perform(context) != equal


def test_truth_values_are_combined(context):
    true, false = TextSubstitution(text='true'), TextSubstitution(text='0')
    assert NotSubstitution(false).perform(context) == 'true'
    assert AndSubstitution(true, true).perform(context) == 'true'
    assert AndSubstitution(true, false).perform(context) == 'false'
    assert OrSubstitution(false, true).perform(context) == 'true'
    assert OrSubstitution(false, false).perform(context) == 'false'
    with pytest.raises(SubstitutionFailure):
        NotSubstitution('perhaps').perform(context)


def test_strings_and_substitutions_are_joined(context):
    parts = normalize_to_list_of_substitutions(['/', LaunchConfiguration('robot'), '/in'])
    assert perform_substitutions(context, parts) == '/arm/in'


@pytest.mark.parametrize('value', [5, ['a', 5], None])
def test_what_is_no_text_is_refused(value):
    with pytest.raises(TypeError):
        normalize_to_list_of_substitutions(value)
    with pytest.raises(TypeError):
        TextSubstitution(text=value)


def test_substitutions_describe_themselves_for_show_args():
    name = LaunchConfiguration('robot')
    assert name.describe() == "LaunchConfig('robot')"
    assert EnvironmentVariable('HOME').describe() == "EnvVar('HOME')"
    assert FindExecutable(name='sh').describe() == "FindExec('sh')"
    assert Command(['echo ', name]).describe() == "Command('echo ' + LaunchConfig('robot'))"
