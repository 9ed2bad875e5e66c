"""What stands on the support surface: pixels above it, split where the depth jumps."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import GroundingError, OutcomeCode

from vla_r1_planner.depth import Patch, Window
from vla_r1_planner.support import Plane

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MIN_HEIGHT_M = 0.005
MAX_HEIGHT_M = 0.5
JUMP_M = 0.012  # between neighbouring pixels: more is an edge between two things
BRIDGE_M = 0.012  # pieces of the target that are closer than this are one thing with a hole
MIN_PIXELS = 12


@dataclass(frozen=True)
class Blob:
    """A connected piece of the scene above the support surface.

    Attributes:
        mask: (h, w), its pixels in the patch.
        points: (N, 3) [m] in the base frame.
    """

    mask: Mask
    points: Array


def blobs(patch: Patch, plane: Plane) -> list[Blob]:
    """Return what stands on the plane, largest first, cut apart at depth jumps."""
    with np.errstate(invalid='ignore'):
        height = plane.height(patch.points)
        raised = (height > max(MIN_HEIGHT_M, 3 * plane.noise)) & (height < MAX_HEIGHT_M)
    raised &= ~_far_side_of_jumps(patch.depth, JUMP_M * patch.step)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        raised.astype(np.uint8), connectivity=4
    )
    sizes = stats[:, cv2.CC_STAT_AREA]
    order = sorted(range(1, count), key=lambda label: -sizes[label])
    masks = [labels == label for label in order if sizes[label] >= MIN_PIXELS / patch.step]
    return [Blob(mask, patch.points[mask]) for mask in masks]


def target_blob(patch: Patch, found: list[Blob], box: Window) -> Blob:
    """Return the object that a box (left, top, right, bottom) [px] is around.

    It is the blob with the most pixels near the box's middle, so that a neighbour that reaches
    into a corner loses, joined with pieces that only a hole in the depth separates from it.

    Raises:
        GroundingError: nothing rises above the surface in the box.
    """
    left, top, right, bottom = box
    dx = (patch.cols + 0.5 - (left + right) / 2) / (right - left)
    dy = (patch.rows + 0.5 - (top + bottom) / 2) / (bottom - top)
    weight = np.exp(-6.0 * (dx[None, :] ** 2 + dy[:, None] ** 2)) * patch.inside(box)
    if not (patch.valid & (weight > 0)).any():
        raise GroundingError(
            OutcomeCode.NO_VALID_DEPTH,
            'no valid depth inside the box; the object may be shiny, transparent or out of range',
        )
    scores = [float(weight[blob.mask].sum()) for blob in found]
    if not scores or max(scores) <= 0.0:
        raise GroundingError(
            OutcomeCode.NO_OBJECT_POINTS,
            'nothing stands out of the surface inside the box; '
            'the box may be wrong or the object flatter than '
            f'{MIN_HEIGHT_M * 1000:.0f} mm',
        )
    main = found[int(np.argmax(scores))]
    mask = main.mask.copy()
    for blob, score in zip(found, scores, strict=True):
        if blob is not main and score > 0.0 and _gap(main.points, blob.points) < BRIDGE_M:
            mask |= blob.mask
    return Blob(mask, patch.points[mask])


def _far_side_of_jumps(depth: NDArray[np.float32], jump: float) -> Mask:
    """Mark the farther pixel of each pair that a jump [m] separates; mixed pixels fall too."""
    cut = np.zeros(depth.shape, dtype=bool)
    with np.errstate(invalid='ignore'):
        right = np.diff(depth, axis=1)
        down = np.diff(depth, axis=0)
        cut[:, 1:] |= right > jump
        cut[:, :-1] |= right < -jump
        cut[1:] |= down > jump
        cut[:-1] |= down < -jump
    return cut


def _gap(a: Array, b: Array, sample: int = 150) -> float:
    """Return the smallest distance [m] between evenly picked points of two clouds."""
    a, b = (c[np.linspace(0, len(c) - 1, min(sample, len(c))).astype(int)] for c in (a, b))
    return float(np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2).min()))
