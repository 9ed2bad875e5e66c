"""The README names what exists: every error code, launch argument and make target."""

from pathlib import Path
import re
import subprocess

import pytest
from vla_r1_core.errors import OutcomeCode, ReasonCode

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / 'README.md').read_text()


@pytest.mark.parametrize(
    'code', [code for enum in (ReasonCode, OutcomeCode) for code in enum if code]
)
def test_every_error_code_is_in_the_table(code):
    assert f'| {code.value} | `{code.name}` |' in README


def test_every_launch_argument_is_in_the_table():
    command = ['ros2', 'launch', 'vla_r1', 'bringup.launch.py', '--show-args']
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    arguments = set(re.findall(r"^ +'(\w+)':$", shown, re.MULTILINE))
    table = README.split('### bringup.launch.py')[1].split('###')[0]
    assert arguments
    assert not arguments - set(re.findall(r'`(\w+)`', table))


def test_every_make_target_exists():
    targets = set(re.findall(r'^(\w+):', (ROOT / 'Makefile').read_text(), re.MULTILINE))
    assert set(re.findall(r'make (\w+)', README)) <= targets


def test_every_linked_file_exists():
    links = re.findall(r'\]\((?!http)([^)#]+)\)', README)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]
