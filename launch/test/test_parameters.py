"""One file repeats all parameters: names and defaults are those of the nodes' configs."""

from dataclasses import asdict
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
import pytest
from vla_r1_perception.config import ReasonerConfig
from vla_r1_planner.config import PlannerConfig, WatchdogConfig
import yaml

from vla_r1_sim.config import SimConfig

CONFIGS = {
    'reasoner': ReasonerConfig,
    'planner': PlannerConfig,
    'watchdog': WatchdogConfig,
    'sim': SimConfig,
}
FILE = Path(get_package_share_directory('vla_r1'), 'config', 'vla_r1.yaml')


def test_the_file_names_every_node():
    assert set(yaml.safe_load(FILE.read_text())) == {f'/**/{name}' for name in CONFIGS}


@pytest.mark.parametrize('node', CONFIGS)
def test_names_and_defaults_equal_the_config(node):
    section = yaml.safe_load(FILE.read_text())[f'/**/{node}']['ros__parameters']
    assert section == asdict(CONFIGS[node]())
