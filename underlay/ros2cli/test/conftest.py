import os
from pathlib import Path
import signal
import subprocess
import sys
import threading

import pytest

TIMEOUT = 60  # [s], far more than anything here takes


class Running:
    """A `ros2` command in the background, whose output is taken as it comes.

    Were it left in the pipe, a command that says much would stop for want of room.
    """

    def __init__(self, *words, env=None):
        self.process = subprocess.Popen(
            ['ros2', *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env=env,
        )
        self.output, self._ended = '', False
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._more:
                self.output += line
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def read_until(self, text):
        """Return the output once `text` is in it."""
        with self._more:
            self._more.wait_for(lambda: text in self.output or self._ended, TIMEOUT)
        assert text in self.output, f'no {text!r} in: {self.output}'
        return self.output

    def stop(self, number=signal.SIGINT):
        """Send a signal; return the exit status."""
        self.process.send_signal(number)
        self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        return self.process.returncode


@pytest.fixture
def ros2():
    """Run a command to its end."""

    def run(*words, env=None):
        return subprocess.run(
            ['ros2', *map(str, words)],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=TIMEOUT,
            env=env,
            check=False,
        )

    return run


@pytest.fixture
def start():
    """Start commands that are ended with the test."""
    started = []

    def start(*words, env=None):
        started.append(Running(*words, env=env))
        return started[-1]

    yield start
    for running in started:
        running.process.kill()
        running.process.wait()


@pytest.fixture(scope='module')
def graph():
    """The process with nodes, topics, services, parameters and actions under /probe."""
    script = Path(__file__).with_name('graph_process.py')
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'ready\n'
    yield process
    process.terminate()
    process.wait(TIMEOUT)


@pytest.fixture
def prefix(tmp_path):
    """Return (folder, environment) of a workspace with a package `toys`."""
    index = tmp_path / 'share/ament_index/resource_index/packages'
    index.mkdir(parents=True)
    (index / 'toys').touch()
    (tmp_path / 'share/toys/launch').mkdir(parents=True)
    (tmp_path / 'lib/toys').mkdir(parents=True)
    path = os.pathsep.join([str(tmp_path), os.environ['AMENT_PREFIX_PATH']])
    return tmp_path, {**os.environ, 'AMENT_PREFIX_PATH': path}
