"""The surface that objects stand on: a plane fitted around a box."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import GroundingError, OutcomeCode

Array = NDArray[np.float64]

HYPOTHESES = 64
SAMPLE = 1500  # points that vote on each hypothesis
INLIER_M = 0.006
MAX_TILT_RAD = 0.26  # a table, not a wall: 15 degrees
MIN_POINTS = 30


@dataclass(frozen=True)
class Plane:
    """The points p with normal · p = offset.

    Attributes:
        normal: (3,) unit vector in the base frame, pointing up.
        offset: [m].
        noise: [m] standard deviation of the surface's points about the plane.
    """

    normal: Array
    offset: float
    noise: float

    def height(self, points: Array) -> Array:
        """Return the signed height [m] over the plane of points (..., 3) in the base frame."""
        return np.asarray(points @ self.normal - self.offset)

    def lifted(self, height: float) -> 'Plane':
        """Return the plane at a height [m] over this one."""
        return Plane(self.normal, self.offset + height, self.noise)

    def z_at(self, xy: Array) -> Array:
        """Return base z [m] of the plane at (..., 2) [m] in the base frame."""
        return np.asarray((self.offset - xy @ self.normal[:2]) / self.normal[2])


def fit_support(points: Array, seed: int = 0) -> Plane:
    """Fit the nearly level plane that most points lie on.

    Args:
        points: (N, 3) [m] in the base frame, z up; NaN rows are ignored.
        seed: of the sampler; the same points and seed give the same plane.

    Raises:
        GroundingError: too few points (NO_VALID_DEPTH), or no level surface among them
            (NO_OBJECT_POINTS).
    """
    points = points[np.isfinite(points[:, 2])]
    if len(points) < MIN_POINTS:
        raise GroundingError(
            OutcomeCode.NO_VALID_DEPTH,
            f'only {len(points)} valid depth pixels around the object; '
            'check the range of the depth camera and its view of the table',
        )
    rng = np.random.default_rng(seed)
    voters = points[rng.choice(len(points), min(SAMPLE, len(points)), replace=False)]
    triples = voters[rng.integers(0, len(voters), (HYPOTHESES, 3))]
    normals = np.cross(triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    level = np.abs(normals[:, 2]) > np.cos(MAX_TILT_RAD) * lengths
    usable = level & (lengths > 1e-9)
    if not usable.any():
        raise _no_surface()
    normals = normals[usable] / (lengths * np.sign(normals[:, 2]))[usable, None]
    offsets = np.einsum('ij,ij->i', normals, triples[usable, 0])
    votes = (np.abs(voters @ normals.T - offsets) < INLIER_M).sum(axis=0)
    best = int(votes.argmax())
    if votes[best] < MIN_POINTS:
        raise _no_surface()
    plane = Plane(normals[best], float(offsets[best]), INLIER_M)
    for _ in range(2):
        plane = _refit(voters[np.abs(plane.height(voters)) < INLIER_M])
    return plane


def _refit(inliers: Array) -> Plane:
    """Least squares in z: level planes have no trouble with it and it is fast."""
    centre = inliers.mean(axis=0)
    offsets = inliers - centre
    slope, *_ = np.linalg.lstsq(offsets[:, :2], offsets[:, 2], rcond=None)
    normal = np.array([-slope[0], -slope[1], 1.0])
    normal /= np.linalg.norm(normal)
    return Plane(normal, float(normal @ centre), float(np.std(offsets @ normal)))


def _no_surface() -> GroundingError:
    return GroundingError(
        OutcomeCode.NO_OBJECT_POINTS,
        'no level surface around the object; check the camera calibration (TF) and its view',
    )
