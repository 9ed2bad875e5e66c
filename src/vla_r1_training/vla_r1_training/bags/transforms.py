"""The transforms of a bag: who is where in whose frame, and when. No ROS needed."""

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_POSE = 7  # numbers
TOLERANCE_NS = 200_000_000
"""Before the first and after the last transform of a moving joint its place is still trusted."""


class TransformError(ValueError):
    """Two frames are not connected, or not at that time; the text says which."""


@dataclass
class Edge:
    """A frame in its parent frame, over time.

    Attributes:
        stamps: [ns], rising.
        poses: x, y, z [m] and a quaternion x, y, z, w for each, one after the other.
    """

    parent: str
    static: bool
    stamps: 'array[int]' = field(default_factory=lambda: array('q'))
    poses: 'array[float]' = field(default_factory=lambda: array('d'))

    def add(self, stamp: int, pose: tuple[float, ...]) -> None:
        """Take in a transform; what is stamped before the newest one is put in its place."""
        i = bisect_left(self.stamps, stamp)
        known = i < len(self.stamps) and self.stamps[i] == stamp
        self.poses[_POSE * i : _POSE * (i + known)] = array('d', pose)
        if not known:
            self.stamps.insert(i, stamp)

    def forget_before(self, stamp: int) -> None:
        """Drop what is older, but for the newest of it."""
        drop = bisect_right(self.stamps, stamp) - 1
        if drop > 0:
            del self.stamps[:drop], self.poses[: _POSE * drop]


class Transforms:
    """A tree of frames that grows as messages come in."""

    def __init__(self) -> None:
        self._edges: dict[str, Edge] = {}

    def add(
        self, parent: str, child: str, stamp_ns: int, pose: tuple[float, ...], *, static: bool
    ) -> None:
        """Take in where `child` is in `parent`; a new parent replaces the old one."""
        parent, child = parent.lstrip('/'), child.lstrip('/')
        edge = self._edges.get(child)
        if edge is None or edge.parent != parent or edge.static != static:
            edge = self._edges[child] = Edge(parent, static)
        edge.add(stamp_ns, pose)

    def forget_before(self, stamp_ns: int) -> None:
        """Free the memory of older transforms."""
        for edge in self._edges.values():
            edge.forget_before(stamp_ns)

    @property
    def frames(self) -> frozenset[str]:
        """All frames that have a parent."""
        return frozenset(self._edges)

    def root(self, frame: str) -> str:
        """Return the outermost frame around a frame."""
        return self._chain(frame)[-1]

    def moves(self, frame: str) -> bool:
        """Return whether a frame moves against its outermost one."""
        edges = (self._edges[name] for name in self._chain(frame)[:-1])
        return any(not edge.static for edge in edges)

    def stamps(self, frame: str, begin_ns: int, end_ns: int) -> NDArray[np.int64]:
        """Return (N,) [ns]: when transforms of the way to a frame came; the finest one's."""
        best = array('q')
        for name in self._chain(frame)[:-1]:
            edge = self._edges[name]
            if edge.static:
                continue
            i, j = bisect_left(edge.stamps, begin_ns), bisect_right(edge.stamps, end_ns)
            if j - i > len(best):
                best = edge.stamps[i:j]
        return np.array(best, dtype=np.int64)

    def lookup(self, target: str, source: str, stamps_ns: NDArray[np.int64]) -> Array:
        """Return T_target_source (N, 4, 4) at N times, interpolated.

        Raises:
            TransformError: the frames are not connected, or not at all of these times.
        """
        up, down = self._chain(source), self._chain(target)
        common = next((name for name in up if name in down), None)
        if common is None:
            raise TransformError(f'no transforms connect {source} and {target}')
        to_source = self._along(up[: up.index(common)], stamps_ns)
        to_target = self._along(down[: down.index(common)], stamps_ns)
        return np.asarray(np.linalg.inv(to_target) @ to_source)

    def _chain(self, frame: str) -> list[str]:
        """Return a frame and all frames around it."""
        chain = [frame.lstrip('/')]
        while (edge := self._edges.get(chain[-1])) and edge.parent not in chain:
            chain.append(edge.parent)
        return chain

    def _along(self, names: list[str], stamps_ns: NDArray[np.int64]) -> Array:
        """Return the product of the edges of `names`, the last one leftmost."""
        product = np.broadcast_to(np.eye(4), (len(stamps_ns), 4, 4))
        for name in names:
            product = _at(name, self._edges[name], stamps_ns) @ product
        return product


def _at(name: str, edge: Edge, stamps_ns: NDArray[np.int64]) -> Array:
    """Return (N, 4, 4), an edge at N times."""
    have = np.array(edge.stamps, dtype=np.int64)
    poses = np.array(edge.poses).reshape(-1, _POSE)
    after = np.searchsorted(have, stamps_ns, side='right')
    if edge.static:  # as it was published last before, or first after
        return _matrices(poses[np.maximum(after - 1, 0)])
    late = (stamps_ns < have[0] - TOLERANCE_NS) | (stamps_ns > have[-1] + TOLERANCE_NS)
    if late.any():
        raise TransformError(
            f'the transforms of {name} span {have[0] / 1e9:.3f} to {have[-1] / 1e9:.3f} s, '
            f'not {stamps_ns[late][0] / 1e9:.3f} s'
        )
    i, j = np.clip(after - 1, 0, len(have) - 1), np.clip(after, 0, len(have) - 1)
    share = np.clip((stamps_ns - have[i]) / np.maximum(have[j] - have[i], 1), 0.0, 1.0)
    a, b = poses[i], poses[j]
    mixed = a + share[:, None] * (b - a)
    mixed[:, 3:] = _slerp(a[:, 3:], b[:, 3:], share)
    return _matrices(mixed)


def _slerp(a: Array, b: Array, share: Array) -> Array:
    """Return unit quaternions (N, 4) between a and b along the shorter way."""
    dot = (a * b).sum(axis=1)
    b = np.where(dot[:, None] < 0.0, -b, b)
    angle = np.arccos(np.clip(np.abs(dot), 0.0, 1.0))
    sine = np.sin(angle)
    close = sine < 1e-6
    scale = np.where(close, 1.0, sine)
    first = np.where(close, 1.0 - share, np.sin((1.0 - share) * angle) / scale)
    second = np.where(close, share, np.sin(share * angle) / scale)
    return np.asarray(first[:, None] * a + second[:, None] * b)


def _matrices(poses: Array) -> Array:
    """Return (N, 4, 4) of (N, 7): positions [m] and quaternions x, y, z, w."""
    q = poses[:, 3:] / np.linalg.norm(poses[:, 3:], axis=1, keepdims=True)
    x, y, z, w = q.T
    matrices = np.zeros((len(poses), 4, 4))
    matrices[:, 0, :3] = np.column_stack(
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)]
    )
    matrices[:, 1, :3] = np.column_stack(
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)]
    )
    matrices[:, 2, :3] = np.column_stack(
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]
    )
    matrices[:, :3, 3] = poses[:, :3]
    matrices[:, 3, 3] = 1.0
    return matrices
