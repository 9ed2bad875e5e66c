"""Rigid transforms as plain tuples: a lookup composes ten of them within microseconds.

A transform T_ab is `((x, y, z) [m], (qx, qy, qz, qw))` and maps coordinates in b to a.
"""

from math import acos, sin, sqrt

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Rigid = tuple[Vector, Quaternion]

IDENTITY: Rigid = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))

# Below this distance from 1 the sine of the angle is too small to divide by, and the chord
# differs from the arc by less than 1e-13.
_NEARLY_EQUAL = 1e-9


def compose(T_ab: Rigid, T_bc: Rigid) -> Rigid:
    """T_ac: first T_bc, then T_ab."""
    (px, py, pz), (x, y, z, w) = T_ab
    (rx, ry, rz), (a, b, c, d) = T_bc
    tx = 2.0 * (y * rz - z * ry)
    ty = 2.0 * (z * rx - x * rz)
    tz = 2.0 * (x * ry - y * rx)
    return (
        (
            px + rx + w * tx + y * tz - z * ty,
            py + ry + w * ty + z * tx - x * tz,
            pz + rz + w * tz + x * ty - y * tx,
        ),
        (
            w * a + x * d + y * c - z * b,
            w * b - x * c + y * d + z * a,
            w * c + x * b - y * a + z * d,
            w * d - x * a - y * b - z * c,
        ),
    )


def inverse(T_ab: Rigid) -> Rigid:
    """T_ba."""
    (px, py, pz), (x, y, z, w) = T_ab
    return compose(((0.0, 0.0, 0.0), (-x, -y, -z, w)), ((-px, -py, -pz), (0.0, 0.0, 0.0, 1.0)))


def interpolate(older: Rigid, newer: Rigid, ratio: float) -> Rigid:
    """Straight line for the position, shortest arc at constant speed for the rotation.

    Args:
        older: Transform at ratio 0.
        newer: Transform at ratio 1.
        ratio: In [0, 1].
    """
    (ax, ay, az), (px, py, pz, pw) = older
    (bx, by, bz), (qx, qy, qz, qw) = newer
    dot = px * qx + py * qy + pz * qz + pw * qw
    sign = 1.0 if dot >= 0.0 else -1.0
    dot *= sign
    if dot > 1.0 - _NEARLY_EQUAL:
        s, t = 1.0 - ratio, ratio * sign
    else:
        angle = acos(dot)
        scale = 1.0 / sin(angle)
        s, t = sin((1.0 - ratio) * angle) * scale, sin(ratio * angle) * scale * sign
    return (
        (ax + (bx - ax) * ratio, ay + (by - ay) * ratio, az + (bz - az) * ratio),
        (s * px + t * qx, s * py + t * qy, s * pz + t * qz, s * pw + t * qw),
    )


def canonical(q: Quaternion) -> Quaternion:
    """Unit length, and of q and -q the one that tf2 shows.

    tf2 reads quaternions off a rotation matrix, which makes w positive, or, where w is small,
    the largest of x, y, z.
    """
    x, y, z, w = q
    norm = sqrt(x * x + y * y + z * z + w * w)
    leading = w if w * w > 0.25 * norm * norm else max(x, y, z, key=abs)
    scale = 1.0 / norm if leading >= 0.0 else -1.0 / norm
    return (x * scale, y * scale, z * scale, w * scale)
