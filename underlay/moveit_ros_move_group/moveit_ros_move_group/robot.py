"""What the URDF, the SRDF and the joint limits say about the robot."""

from collections.abc import Mapping
from dataclasses import dataclass
import xml.etree.ElementTree as ET

from moveit_ros_move_group.errors import Code, MoveItError

# MoveIt's time parameterization takes the same when a joint has no acceleration limit.
DEFAULT_MAX_ACCELERATION = 1.0


@dataclass(frozen=True)
class JointLimit:
    """Largest speed [rad/s or m/s] and acceleration [rad/s^2 or m/s^2] of one joint."""

    velocity: float
    acceleration: float


@dataclass(frozen=True)
class Group:
    """A planning group: its joints in chain order (no mimic joints), and its last link."""

    name: str
    joints: tuple[str, ...]
    tip: str


@dataclass(frozen=True)
class Robot:
    """The robot as parsed; `root` is the planning frame."""

    urdf: str
    srdf: str
    name: str
    root: str
    links: tuple[str, ...]
    collision_links: tuple[str, ...]
    groups: Mapping[str, Group]
    limits: Mapping[str, JointLimit]
    allowed_pairs: frozenset[frozenset[str]]
    # link -> the movable joint that carries it; links fixed to the root have none.
    carriers: Mapping[str, str]

    def group(self, name: str) -> Group:
        """Return a group by name.

        Raises:
            MoveItError: INVALID_GROUP_NAME.
        """
        if name not in self.groups:
            raise MoveItError(
                Code.INVALID_GROUP_NAME,
                f"There is no group '{name}'; the SRDF defines: {', '.join(self.groups)}.",
            )
        return self.groups[name]

    def check_link(self, name: str) -> str:
        """Return the name when the URDF has such a link.

        Raises:
            MoveItError: INVALID_LINK_NAME.
        """
        if name not in self.links:
            raise MoveItError(
                Code.INVALID_LINK_NAME,
                f"There is no link '{name}' in the URDF; it has: {', '.join(self.links)}.",
            )
        return name


def parse_robot(
    urdf: str, srdf: str, acceleration: Mapping[str, float], velocity: Mapping[str, float]
) -> Robot:
    """Parse URDF and SRDF; the mappings hold the limits of `joint_limits.yaml` by joint.

    Raises:
        ValueError: the descriptions are not XML, or contradict each other.
    """
    try:
        model, semantic = ET.fromstring(urdf), ET.fromstring(srdf)
    except ET.ParseError as error:
        raise ValueError(f'robot_description or robot_description_semantic: {error}') from error
    joints = {j.get('name', ''): j for j in model.findall('joint')}
    parents = {_link(j, 'child'): (name, _link(j, 'parent')) for name, j in joints.items()}
    links = tuple(link.get('name', '') for link in model.findall('link'))
    roots = [link for link in links if link not in parents]
    if len(roots) != 1:
        raise ValueError(f'the URDF must have one root link, it has {roots}')
    movable = {n for n, j in joints.items() if j.get('type') != 'fixed'}
    driven = {n for n in movable if joints[n].find('mimic') is None}
    return Robot(
        urdf=urdf,
        srdf=srdf,
        name=model.get('name', ''),
        root=roots[0],
        links=links,
        collision_links=tuple(
            link.get('name', '')
            for link in model.findall('link')
            if link.find('collision') is not None
        ),
        groups=_groups(semantic, parents, joints, driven),
        limits={n: _limit(n, joints[n], velocity, acceleration) for n in driven},
        allowed_pairs=frozenset(
            frozenset((e.get('link1', ''), e.get('link2', '')))
            for e in semantic.findall('disable_collisions')
        ),
        carriers=_carriers(links, parents, movable),
    )


def _link(joint: ET.Element, role: str) -> str:
    element = joint.find(role)
    if element is None:
        raise ValueError(f"joint '{joint.get('name')}' has no <{role}>")
    return element.get('link', '')


def _limit(
    name: str, joint: ET.Element, velocity: Mapping[str, float], acceleration: Mapping[str, float]
) -> JointLimit:
    element = joint.find('limit')
    in_urdf = float(element.get('velocity', '0')) if element is not None else 0.0
    return JointLimit(
        velocity=velocity.get(name, in_urdf or 1.0),
        acceleration=acceleration.get(name, DEFAULT_MAX_ACCELERATION),
    )


def _carriers(
    links: tuple[str, ...], parents: Mapping[str, tuple[str, str]], movable: set[str]
) -> dict[str, str]:
    carriers = {}
    for link in links:
        at = link
        while at in parents:
            joint, at = parents[at]
            if joint in movable:
                carriers[link] = joint
                break
    return carriers


def _groups(
    semantic: ET.Element,
    parents: Mapping[str, tuple[str, str]],
    joints: Mapping[str, ET.Element],
    driven: set[str],
) -> dict[str, Group]:
    groups = {}
    for element in semantic.findall('group'):
        name = element.get('name', '')
        chain = element.find('chain')
        if chain is not None:
            tip, names = chain.get('tip_link', ''), list[str]()
            at = tip
            while at != chain.get('base_link'):
                if at not in parents:
                    raise ValueError(f"group '{name}': no chain to tip_link '{tip}'")
                joint, at = parents[at]
                names.insert(0, joint)
        else:
            names = [j.get('name', '') for j in element.findall('joint')]
            unknown = [n for n in names if n not in joints]
            if not names or unknown:
                raise ValueError(f"group '{name}': needs a chain or known joints, not {unknown}")
            tip = _link(joints[names[-1]], 'child')
        groups[name] = Group(name, tuple(n for n in names if n in driven), tip)
    return groups
