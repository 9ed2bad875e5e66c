import subprocess


def test_help_lists_the_commands(ros2):
    done = ros2('--help')
    assert done.returncode == 0
    for command in ('action', 'bag', 'launch', 'node', 'param', 'run', 'service', 'topic'):
        assert command in done.stdout


def test_a_verb_that_is_left_out_is_an_error_with_status_2(ros2):
    done = ros2('topic', 'frobnicate')
    assert done.returncode == 2
    assert 'frobnicate' in done.stderr
    assert 'echo' in done.stderr


def test_a_reader_that_has_had_enough_is_no_error_message(graph):
    done = subprocess.run(
        'ros2 topic echo /probe/count | head -2',
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith('data: ')
    assert 'Traceback' not in done.stderr
