"""The whole system in simulation, started and ended by a script."""

from contextlib import contextmanager
import os
from pathlib import Path
import signal
import subprocess


@contextmanager
def bringup(log_file: Path, **arguments: object):
    """Run bringup in simulation until the block ends; yield its process.

    Its output goes to a file; it gets those arguments that are not empty.
    """
    command = ['ros2', 'launch', '-n', 'vla_r1', 'bringup.launch.py', 'sim:=true']
    command += [f'{name}:={value}' for name, value in arguments.items() if str(value)]
    with log_file.open('w') as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
