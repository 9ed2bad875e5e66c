"""SIGTERM: here the children end too; the original leaves them running and says so."""

from pathlib import Path
import re
import signal
import subprocess
import sys

SCRIPT = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import ExecuteProcess
service = LaunchService()
service.include_launch_description(LaunchDescription([ExecuteProcess(cmd=['sleep', '60'])]))
sys.exit(service.run())
"""


def test_sigterm_ends_the_children_too_and_is_no_success():
    process = subprocess.Popen([sys.executable, '-c', SCRIPT], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        started = re.search(r'started with pid \[(\d+)\]', line)
        if started:
            break
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert 'SIGTERM' in out
    assert not Path('/proc', started.group(1)).exists()
