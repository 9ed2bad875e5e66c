"""The README names what exists: every error code, launch argument and make target."""

from pathlib import Path
import re
import subprocess

import pytest
from vla_r1_core.errors import OutcomeCode, ReasonCode
from vla_r1_core.profiles import load_profile, PROFILES
from vla_r1_core.types import Task

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


@pytest.mark.parametrize('name', PROFILES)
def test_every_profile_is_in_the_table(name):
    assert f'\n| `{name}`' in README


def test_the_profile_in_yaml_is_one(tmp_path):
    section = README.split('## Models of other families')[1]
    (tmp_path / 'mine.yaml').write_text(section.split('```yaml')[1].split('```')[0])
    profile = load_profile(str(tmp_path / 'mine.yaml'))
    text = '<think>a</think><answer>{"bbox": [100, 200, 300, 400]}</answer>'
    box = profile.read(text, Task.AFFORDANCE, 640, 480).box
    assert box.corners == pytest.approx((0.1, 0.2, 0.3, 0.4))


def test_every_make_target_exists():
    targets = set(re.findall(r'^(\w+):', (ROOT / 'Makefile').read_text(), re.MULTILINE))
    assert set(re.findall(r'make (\w+)', README)) <= targets


def test_every_linked_file_exists():
    links = re.findall(r'\]\((?!http)([^)#]+)\)', README)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]
