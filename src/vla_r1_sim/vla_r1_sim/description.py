"""A robot's description files, from the package's share directory."""

from functools import lru_cache
from pathlib import Path
import xml.etree.ElementTree as ElementTree

from ament_index_python import get_package_share_directory
import xacro

from vla_r1_sim.robots import Robot


def share_directory() -> Path:
    """Return where urdf/ and config/ are installed."""
    return Path(get_package_share_directory('vla_r1_sim'))


def config_directory(robot: Robot) -> Path:
    """Return where the robot's SRDF and its files for MoveIt are installed."""
    return share_directory() / 'config' / robot.name


@lru_cache
def robot_description(robot: Robot) -> str:
    """Return the URDF."""
    document = xacro.process_file(str(share_directory() / 'urdf' / f'{robot.name}.urdf.xacro'))
    return str(document.toprettyxml(indent=' '))


@lru_cache
def robot_description_semantic(robot: Robot) -> str:
    """Return the SRDF."""
    return (config_directory(robot) / 'arm.srdf').read_text()


@lru_cache
def home_position(robot: Robot, name: str = 'home') -> tuple[float, ...]:
    """Return a state of the arm by its name in the SRDF [rad], in the order of its joints."""
    root = ElementTree.fromstring(robot_description_semantic(robot))
    state = root.find(f"group_state[@name='{name}']")
    if state is None:
        raise ValueError(f'arm.srdf of {robot.name} has no group_state named {name!r}')
    values = {joint.get('name'): float(joint.get('value', 'nan')) for joint in state}
    return tuple(values[name] for name in robot.arm_joints)


def disabled_collisions(robot: Robot) -> tuple[tuple[str, str], ...]:
    """Return the pairs of links that the SRDF lets touch."""
    root = ElementTree.fromstring(robot_description_semantic(robot))
    pairs = root.iter('disable_collisions')
    return tuple((pair.get('link1', ''), pair.get('link2', '')) for pair in pairs)
