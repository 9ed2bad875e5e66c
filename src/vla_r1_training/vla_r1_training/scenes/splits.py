"""The scenes to learn from and to be judged by, fixed by seed and apart in everything that counts.

Out of domain is what training never showed: pairs of colour and shape, heights and tilts of the
camera, table tops, clutter and words.
"""

from dataclasses import dataclass, replace

from vla_r1_core.prompt import Intent
from vla_r1_sim.look import KINDS, Look

from vla_r1_training.scenes.phrases import SAID, UNHEARD

UNSEEN = (
    ('red', 'cylinder'), ('green', 'ball'), ('blue', 'box'),
    ('yellow', 'cube'), ('orange', 'cylinder'), ('purple', 'ball'),
)  # fmt: skip
"""Pairs that training never shows; each colour and each shape is shown."""

_SEEN = tuple(kind for kind in KINDS if kind not in UNSEEN)

LOOK = Look(
    camera_spread=(0.10, 0.15, 0.08),
    target_spread=(0.03, 0.04, 0.03),
    fovy=(43.0, 50.0),
    light_azimuth=(-1.6, 1.6),
    brightness=(0.75, 1.2),
    surfaces=('wood', 'wood', 'laminate', 'terrazzo'),
    clutter=('sheet', 'coaster', 'mug'),
    kinds=_SEEN,
    objects=(1, 6),
)
"""Of training: around the demo's own camera."""

STEEP = replace(
    LOOK,
    camera=(1.10, 0.0, 0.84),
    camera_spread=(0.04, 0.15, 0.02),
    target=(0.355, 0.0, -0.015),
    target_spread=(0.015, 0.04, 0.015),
)
"""The corner of `LOOK` that looks down most, which it hardly ever draws: tops tell shapes."""


def _unseen(camera: tuple[float, float, float], target: tuple[float, float, float]) -> Look:
    return Look(
        camera=camera,
        camera_spread=(0.06, 0.15, 0.06),
        target=target,
        target_spread=(0.03, 0.04, 0.03),
        fovy=(43.0, 50.0),
        light_azimuth=(-1.6, 1.6),
        brightness=(0.75, 1.2),
        surfaces=('checks', 'stripes'),
        clutter=('rod', 'pebble'),
    )


@dataclass(frozen=True)
class Split:
    """One part of the data.

    Attributes:
        first_seed: of its scenes; a scene takes the next free ones, so parts are far apart.
        looks: drawn from evenly.
        phrases: what is said.
        targets: (colour, shape) of what is named.
        questions: about one scene.
        relations: share of the questions that name things by where they lie.
        absent: share of the questions about a thing that is not there.
        varied: whether more is said around the phrases, made-up words among it.
    """

    first_seed: int
    looks: tuple[Look, ...]
    phrases: dict[Intent, tuple[str, ...]]
    targets: tuple[tuple[str, str], ...]
    questions: int
    relations: float = 0.2
    absent: float = 0.15
    varied: bool = False


SPLITS = {
    'train': Split(
        1_000_000_000,
        (LOOK, STEEP),
        SAID,
        _SEEN,
        questions=12,
        absent=0.35,
        varied=True,
    ),
    'test': Split(2_000_000_000, (LOOK,), SAID, _SEEN, questions=1),
    'unseen': Split(
        3_000_000_000,
        (
            _unseen((1.20, 0.0, 0.60), (0.36, 0.0, 0.06)),
            _unseen((1.00, 0.0, 1.00), (0.40, 0.0, -0.06)),
        ),
        UNHEARD,
        UNSEEN,
        questions=1,
    ),
}
"""By name: 'test' is in-domain, 'unseen' out-of-domain."""
