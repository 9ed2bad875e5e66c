"""A six-axis arm with a two-finger gripper, of capsule-like cylinders, for these tests only."""

import math

JOINTS = ('pan', 'lift', 'elbow', 'wrist_1', 'wrist_2', 'wrist_3')
HOME = (-0.3, -1.71, 1.81, -1.67, -1.57, -1.87)
FINGER = 'left_finger_joint'

_HALF = math.pi / 2

# joint, parent, child, origin xyz, origin rpy
_CHAIN = (
    ('pan', 'base_link', 'shoulder', '0 0 0.1625', f'0 0 {math.pi}'),
    ('lift', 'shoulder', 'upper_arm', '0 0 0', f'{_HALF} 0 0'),
    ('elbow', 'upper_arm', 'forearm', '-0.425 0 0', '0 0 0'),
    ('wrist_1', 'forearm', 'wrist_1_link', '-0.3922 0 0.1333', '0 0 0'),
    ('wrist_2', 'wrist_1_link', 'wrist_2_link', '0 -0.0997 0', f'{_HALF} 0 0'),
    (
        'wrist_3',
        'wrist_2_link',
        'wrist_3_link',
        '0 0.0996 0',
        f'{math.pi / 2} {math.pi} {math.pi}',
    ),
)

# link: centre xyz, rpy, radius, length
_BODIES = {
    'base_link': ('0 0 0.045', '0 0 0', 0.07, 0.09),
    'shoulder': ('0 0 0', '0 0 0', 0.06, 0.12),
    'upper_arm': ('-0.2125 0 0.138', f'0 {math.pi / 2} 0', 0.045, 0.425),
    'forearm': ('-0.1961 0 0.007', f'0 {math.pi / 2} 0', 0.038, 0.3922),
    'wrist_1_link': ('0 0 0', '0 0 0', 0.04, 0.09),
    'wrist_2_link': ('0 0 0', '0 0 0', 0.04, 0.09),
    'wrist_3_link': ('0 0 -0.015', '0 0 0', 0.036, 0.03),
    'palm': ('0 0 0.06', f'0 {math.pi / 2} 0', 0.02, 0.13),
    'left_finger': ('0.006 0 0.04', '0 0 0', 0.01, 0.08),
    'right_finger': ('-0.006 0 0.04', '0 0 0', 0.01, 0.08),
}

_NEVER_MEET = (
    ('wrist_3_link', 'left_finger'),
    ('wrist_3_link', 'right_finger'),
    ('left_finger', 'right_finger'),
    ('wrist_2_link', 'palm'),
)


def urdf() -> str:
    """Return the URDF; `tcp` lies between the fingers, z forward."""
    parts = ['<robot name="test_arm">']
    for link, (xyz, rpy, radius, length) in _BODIES.items():
        parts.append(
            f'<link name="{link}"><collision><origin xyz="{xyz}" rpy="{rpy}"/><geometry>'
            f'<cylinder radius="{radius}" length="{length}"/></geometry></collision></link>'
        )
    parts.append('<link name="tcp"/>')
    limit = f'<limit lower="{-math.pi}" upper="{math.pi}" effort="100" velocity="2.0"/>'
    for name, parent, child, xyz, rpy in _CHAIN:
        parts.append(
            _joint(name, 'revolute', parent, child, xyz, rpy, f'<axis xyz="0 0 1"/>{limit}')
        )
    parts.append(_joint('palm_fixed', 'fixed', 'wrist_3_link', 'palm', '0 0 0', '0 0 0', ''))
    parts.append(_joint('tcp_fixed', 'fixed', 'palm', 'tcp', '0 0 0.145', '0 0 0', ''))
    for side, sign, mimic in (('left', 1, ''), ('right', -1, f'<mimic joint="{FINGER}"/>')):
        axis = (
            f'<axis xyz="{sign} 0 0"/><limit lower="0" upper="0.045" effort="9" velocity="0.1"/>'
        )
        parts.append(
            _joint(
                f'{side}_finger_joint',
                'prismatic',
                'palm',
                f'{side}_finger',
                '0 0 0.08',
                '0 0 0',
                axis + mimic,
            )
        )
    return '\n'.join([*parts, '</robot>'])


def srdf() -> str:
    """Return the SRDF: group `arm` from base_link to tcp; neighbours may touch."""
    pairs = [(parent, child) for _, parent, child, _, _ in _CHAIN]
    pairs += [('wrist_3_link', 'palm'), ('palm', 'left_finger'), ('palm', 'right_finger')]
    disabled = '\n'.join(
        f'<disable_collisions link1="{a}" link2="{b}" reason="Adjacent"/>'
        for a, b in (*pairs, *_NEVER_MEET)
    )
    group = '<group name="arm"><chain base_link="base_link" tip_link="tcp"/></group>'
    return f'<robot name="test_arm">{group}{disabled}</robot>'


def _joint(name: str, kind: str, parent: str, child: str, xyz: str, rpy: str, more: str) -> str:
    return (
        f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>'
        f'<origin xyz="{xyz}" rpy="{rpy}"/>{more}</joint>'
    )
