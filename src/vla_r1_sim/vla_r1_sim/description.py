"""The robot's description files, from the package's share directory."""

from functools import lru_cache
from pathlib import Path
import xml.etree.ElementTree as ElementTree

from ament_index_python import get_package_share_directory
import xacro

ARM_JOINTS = (
    'shoulder_pan_joint',
    'shoulder_lift_joint',
    'elbow_joint',
    'wrist_1_joint',
    'wrist_2_joint',
    'wrist_3_joint',
)
FINGER_JOINTS = ('left_finger_joint', 'right_finger_joint')


def share_directory() -> Path:
    """Return where urdf/ and config/ are installed."""
    return Path(get_package_share_directory('vla_r1_sim'))


@lru_cache
def robot_description() -> str:
    """Return the URDF."""
    document = xacro.process_file(str(share_directory() / 'urdf' / 'arm.urdf.xacro'))
    return str(document.toprettyxml(indent=' '))


@lru_cache
def robot_description_semantic() -> str:
    """Return the SRDF."""
    return (share_directory() / 'config' / 'arm.srdf').read_text()


@lru_cache
def home_position() -> tuple[float, ...]:
    """Return the arm's `home` of the SRDF [rad], in the order of ARM_JOINTS."""
    root = ElementTree.fromstring(robot_description_semantic())
    state = root.find("group_state[@name='home']")
    if state is None:
        raise ValueError("arm.srdf has no group_state named 'home'")
    values = {joint.get('name'): float(joint.get('value', 'nan')) for joint in state}
    return tuple(values[name] for name in ARM_JOINTS)


def disabled_collisions() -> tuple[tuple[str, str], ...]:
    """Return the pairs of links that the SRDF lets touch."""
    root = ElementTree.fromstring(robot_description_semantic())
    pairs = root.iter('disable_collisions')
    return tuple((pair.get('link1', ''), pair.get('link2', '')) for pair in pairs)
