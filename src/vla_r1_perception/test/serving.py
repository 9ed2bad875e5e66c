"""The model server as the tests hold it: started, killed, started again, told its moods."""

import json
import os
from pathlib import Path
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import trustme

SERVER = Path(__file__).parent / 'model_server.py'


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


class Serving:
    """Keeps a process that has the model, and serves from forks of it, one at a time.

    Attributes:
        url, tls_url: of the same server, in the open and by a certificate of its own CA.
        ca: that CA's file.
    """

    def __init__(self, model, folder):
        self.port, self._tls_port = free_port(), free_port()
        self.url = f'http://127.0.0.1:{self.port}/v1'
        self.tls_url = f'https://127.0.0.1:{self._tls_port}/v1'
        self.ca, certificate = folder / 'ca.pem', folder / 'server.pem'
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca)
        authority.issue_cert('127.0.0.1').private_key_and_cert_chain_pem.write_to_path(certificate)
        self._keeper = subprocess.Popen(
            [sys.executable, SERVER, model, str(self.port), str(self._tls_port), certificate],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, 'OMP_NUM_THREADS': '1', 'TOKENIZERS_PARALLELISM': 'false'},
        )  # fmt: skip
        self._pid = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._keeper.communicate(timeout=60.0)  # its input ends

    def start(self):
        """Start serving, unless it does."""
        if self._pid:
            return
        self._keeper.stdin.write('\n')
        self._keeper.stdin.flush()
        self._pid = int(self._keeper.stdout.readline())
        end = time.monotonic() + 60.0
        while not (self.listens(self.port) and self.listens(self._tls_port)):
            assert time.monotonic() < end
            time.sleep(0.02)

    def kill(self):
        """End the serving process as a crash does."""
        os.kill(self._pid, signal.SIGKILL)
        self._pid = 0
        while self.listens(self.port):
            time.sleep(0.01)

    @staticmethod
    def listens(port):
        with socket.socket() as one:
            return one.connect_ex(('127.0.0.1', port)) == 0

    def moods(self, *moods):
        """Say what to do at the next requests."""
        self._call('/moods', json.dumps(moods).encode())

    def seen(self):
        """Return what the server has seen since it was started."""
        return json.loads(self._call('/seen'))

    def wait(self, what, timeout=30.0):
        """Wait until what the server has seen is so, and return it."""
        end = time.monotonic() + timeout
        while not what(seen := self.seen()):
            assert time.monotonic() < end, {**seen, 'requests': len(seen['requests'])}
            time.sleep(0.01)
        return seen

    def _call(self, path, data=None):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f'http://127.0.0.1:{self.port}{path}', data, timeout=10.0) as response:
            return response.read()
