"""The shortest way on a plane around discs."""

import heapq
import math

import numpy as np

_RING = 16
"""Corners that a way may take around each disc."""
_SLACK = 1e-9


def shortest_way(start: np.ndarray, goal: np.ndarray, discs: np.ndarray) -> np.ndarray:
    """Return the corners (N, 2) of the shortest way, both ends included.

    Args:
        start: (2,) [m]
        goal: (2,) [m]
        discs: (D, 3), x, y and radius [m]; those that hold an end are reduced until they do not.

    Raises:
        ValueError: the discs enclose one of the ends.
    """
    discs = np.reshape(discs, (-1, 3)).copy()
    for end in (start, goal):
        room = np.linalg.norm(discs[:, :2] - end, axis=1)
        discs[:, 2] = np.minimum(discs[:, 2], 0.99 * room)
    angles = np.arange(_RING) * 2 * math.pi / _RING
    ring = np.column_stack([np.cos(angles), np.sin(angles)]) / math.cos(math.pi / _RING)
    corners = (discs[:, None, :2] + discs[:, None, 2:] * ring).reshape(-1, 2)
    nodes = np.vstack([start, goal, corners])
    before = {0: 0}
    reached: set[int] = set()
    queue = [(0.0, 0, 0)]
    while queue:
        length, here, previous = heapq.heappop(queue)
        if here in reached:
            continue
        reached.add(here)
        before[here] = previous
        if here == 1:
            return nodes[_back(before)]
        steps = np.linalg.norm(nodes - nodes[here], axis=1)
        for there in np.flatnonzero(_free(nodes[here], nodes, discs)):
            if int(there) not in reached:
                heapq.heappush(queue, (length + float(steps[there]), int(there), here))
    raise ValueError('there is no way around: the discs enclose one of the ends')


def _free(start: np.ndarray, ends: np.ndarray, discs: np.ndarray) -> np.ndarray:
    """Return (N,) bool: which straight lines from (2,) to (N, 2) stay outside all discs."""
    way = ends - start
    squared = np.maximum((way**2).sum(axis=1), _SLACK)
    offsets = discs[:, :2] - start
    share = np.clip(offsets @ way.T / squared, 0.0, 1.0)  # (D, N), where it comes nearest
    gaps = np.linalg.norm(offsets[:, None] - share[..., None] * way, axis=2)
    return np.asarray((gaps >= discs[:, 2:] - _SLACK).all(axis=0))


def _back(before: dict[int, int]) -> list[int]:
    """Return the nodes from the start, 0, to the goal, 1."""
    nodes = [1]
    while nodes[-1] != 0:
        nodes.append(before[nodes[-1]])
    return nodes[::-1]
