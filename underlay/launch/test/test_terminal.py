"""What people see of a launch in a terminal, and what Ctrl-C does."""

from contextlib import suppress
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import time

import pytest

SCRIPT = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import *
from launch.substitutions import *
service = LaunchService(argv=sys.argv[1:], noninteractive={noninteractive})
service.include_launch_description(LaunchDescription([{entities}]))
sys.exit(service.run())
"""


@pytest.fixture
def start(tmp_path):
    """Start launches in process groups of their own, as a shell does; kill what is left."""
    started = []

    def start(entities, noninteractive=False):
        process = subprocess.Popen(
            [
                sys.executable,
                '-c',
                SCRIPT.format(entities=entities, noninteractive=noninteractive),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
            env={**os.environ, 'ROS_LOG_DIR': str(tmp_path)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def read_until(process, text):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            time.sleep(0.5)  # the original cannot yet be interrupted well when it says so
            return lines
    raise AssertionError(f'{text} is not in {lines}')


def child_pid(lines):
    return int(re.search(r'pid \[(\d+)\]', ''.join(lines)).group(1))


def wait_until_gone(pid, timeout=30.0):
    deadline = time.monotonic() + timeout
    while Path(f'/proc/{pid}').exists():
        assert time.monotonic() < deadline, f'{pid} still runs'
        time.sleep(0.02)


def test_each_line_says_who_speaks(start):
    out, _ = start(
        "LogInfo(msg='hello'), "
        "ExecuteProcess(cmd=['sh', '-c', 'echo one; printf two; echo bad >&2'], name='sim', "
        "output='screen'), "
        "ExecuteProcess(cmd=['sh', '-c', 'exit 4'], name='arm')"
    ).communicate(timeout=20)
    lines = out.splitlines()
    assert '[INFO] [launch.user]: hello' in lines
    assert '[sim-1] one' in lines
    assert '[sim-1] two' in lines
    assert '[sim-1] bad' in lines
    assert re.search(r'^\[INFO\] \[sim-1\]: process started with pid \[\d+\]$', out, re.M)
    assert re.search(r'^\[INFO\] \[sim-1\]: process has finished cleanly \[pid \d+\]$', out, re.M)
    assert re.search(
        r'^\[ERROR\] \[arm-2\]: process has died '
        r"\[pid \d+, exit code 4, cmd 'sh -c exit 4'\]\.$",
        out,
        re.M,
    )
    assert '\x1b' not in out


@pytest.mark.parametrize(
    ('output', 'on_screen', 'in_log'),
    [
        ("'screen'", ['out', 'err'], []),
        ("'log'", ['err'], ['out', 'err']),
        ("'both'", ['out', 'err'], ['out', 'err']),
        ("{'stdout': 'screen', 'stderr': 'log'}", ['out'], ['err']),
    ],
)
def test_output_goes_where_it_is_told_to(start, tmp_path, output, on_screen, in_log):
    out, _ = start(
        f"ExecuteProcess(cmd=['sh', '-c', 'echo out; echo err >&2'], name='sim', output={output})"
    ).communicate(timeout=20)
    log = (tmp_path / 'latest' / 'launch.log').read_text()
    assert [word for word in ('out', 'err') if f'[sim-1] {word}\n' in out] == on_screen
    assert [word for word in ('out', 'err') if f'[sim-1] {word}\n' in log] == in_log
    assert 'process started with pid' in log


def test_an_unknown_output_is_a_failure(start):
    process = start("ExecuteProcess(cmd=['true'], output='sreen')")
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert 'sreen' in out


def test_a_program_that_is_not_there_is_told(start):
    out, _ = start("ExecuteProcess(cmd=['/no/such/program'])").communicate(timeout=20)
    assert '[ERROR]' in out
    assert '/no/such/program' in out


def test_ctrl_c_in_a_terminal_ends_all_in_good_order(start):
    process = start("ExecuteProcess(cmd=['sleep', '60'])")
    pid = child_pid(read_until(process, 'process started'))
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert 'user interrupted with ctrl-c (SIGINT)' in out
    assert 'sending signal' not in out  # the terminal has sent it
    wait_until_gone(pid)


def test_without_a_terminal_an_interrupt_is_passed_on(start):
    process = start("ExecuteProcess(cmd=['sleep', '60'])", noninteractive=True)
    pid = child_pid(read_until(process, 'process started'))
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "sending signal 'SIGINT' to process[sleep-1]" in out
    wait_until_gone(pid)


def test_a_second_ctrl_c_is_ignored(start):
    process = start(
        "ExecuteProcess(cmd=['sh', '-c', 'trap \"\" INT; sleep 60'], sigterm_timeout='1')"
    )
    read_until(process, 'process started')
    process.send_signal(signal.SIGINT)
    read_until(process, 'ctrl-c')
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert 'again, ignoring' in out
    assert "escalating to 'SIGTERM'" in out
    assert process.returncode == 0
