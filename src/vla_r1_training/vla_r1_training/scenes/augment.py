"""The same pictures, otherwise seen: nearer, farther, aside, in other light, without colours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from vla_r1_core.types import Box

from vla_r1_training.scenes.examples import Asked
from vla_r1_training.scenes.thoughts import Seen

_SIZES = (0.75, 1.15)
"""Of the part that is shown, in sides of the picture; beyond its edge the edge is repeated."""
_STRETCH = (0.7, 1.45)
"""Of the part's height against its width: so height alone tells no cylinder from a cube."""
_GAIN = (0.85, 1.15)
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue; ITU-R BT.601."""
_PALE = (0.3, 1.0)
"""How much of its colours a paler picture keeps."""


@dataclass(frozen=True)
class Window:
    """The part of a picture that is shown; in widths and heights of the whole."""

    left: float
    top: float
    width: float
    height: float

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return where in the part a point of the whole is."""
        return (x - self.left) / self.width, (y - self.top) / self.height

    def question(self, asked: Asked) -> Asked:
        """Return the same question about the part."""
        things = tuple(
            Seen(
                t.name,
                Box(
                    *self.point(t.box.x, t.box.y),
                    t.box.width / self.width,
                    t.box.height / self.height,
                ),
            )
            for t in asked.things
        )
        return replace(asked, things=things, trace=tuple(self.point(*p) for p in asked.trace))

    def picture(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the part of an (H, W, 3) picture, as large as the whole."""
        height, width, _ = picture.shape
        scale = (1 / self.width, 1 / self.height)
        half = np.array([[0.5], [0.5]])  # a pixel's middle is half a pixel from its corner
        to_part = np.diag(scale)
        shift = -np.array([[self.left * width * scale[0]], [self.top * height * scale[1]]])
        affine = np.hstack([to_part, shift + to_part @ half - half])
        shown: NDArray[np.uint8] = cv2.warpAffine(
            picture, affine, (width, height), borderMode=cv2.BORDER_REPLICATE
        )
        return shown


def augment(
    rng: np.random.Generator, asked: list[Asked], pictures: NDArray[np.uint8]
) -> tuple[list[Asked], NDArray[np.uint8]]:
    """Draw how each picture is seen.

    Args:
        rng: draws.
        asked: B questions.
        pictures: (B, height, width, 3), one for each.

    Returns:
        The questions with their truth in the new pictures, and these. Nothing that is in a
        picture, and no trace, leaves it.
    """
    windows = [draw_window(rng, [question]) for question in asked]
    parts = np.stack([w.picture(p) for w, p in zip(windows, pictures, strict=True)])
    return [w.question(a) for w, a in zip(windows, asked, strict=True)], relight(rng, parts)


def relight(rng: np.random.Generator, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw the light of (B, height, width, 3) pictures."""
    count = len(pictures)
    gain = rng.uniform(*_GAIN, (count, 1, 1, 3)) * rng.uniform(*_GAIN, (count, 1, 1, 1))
    lit: NDArray[np.uint8] = np.clip(pictures * gain.astype(np.float32), 0, 255).astype(np.uint8)
    return lit


def bleach(
    rng: np.random.Generator,
    pictures: NDArray[np.uint8],
    looks: NDArray[np.int_],
    share: float,
) -> tuple[NDArray[np.uint8], NDArray[np.int_]]:
    """Take the colours from some pictures; make as many others paler.

    Shapes are so learned from what has no colour; else a shape that was never seen in a colour is
    taken for one that was.

    Args:
        rng: draws which.
        pictures: (B, height, width, 3).
        looks: (B, colours), which colour each looks like in them.
        share: of the pictures that lose their colours.

    Returns:
        The pictures, and what colours look like in them, -1 where they are gone.
    """
    drawn = rng.random(len(pictures))
    gray = drawn < share
    kept = np.where(drawn < 2 * share, rng.uniform(*_PALE, len(pictures)), 1.0) * ~gray
    luma = (pictures @ _LUMA)[..., None]
    bleached = luma + kept.astype(np.float32)[:, None, None, None] * (pictures - luma)
    seen = np.where((kept < 1)[:, None, None, None], bleached.astype(np.uint8), pictures)
    return seen, np.where(gray[:, None], -1, looks)


def draw_window(rng: np.random.Generator, asked: Sequence[Asked]) -> Window:
    """Draw the part of a picture that is shown, for all of some questions about it."""
    corners = [
        (t.box.x + side * t.box.width / 2, t.box.y + side * t.box.height / 2)
        for t in asked[0].things
        for side in (-1, 1)
    ]
    traces = [point for question in asked for point in question.trace]
    points = np.array([*corners, *traces]) if corners else np.array([[0.5, 0.5]])
    low, high = points.min(0).clip(0, 1), points.max(0).clip(0, 1)
    size = rng.uniform(*_SIZES) * rng.uniform(*_STRETCH) ** np.array([-0.5, 0.5])
    size = np.maximum(size, high - low)
    # A smaller part lies within the picture and holds all that counts, a larger one the picture.
    smaller = size < 1
    least = np.where(smaller, np.maximum(high - size, 0), 1 - size)
    most = np.where(smaller, np.minimum(low, 1 - size), 0)
    left, top = rng.uniform(least, most)
    return Window(float(left), float(top), float(size[0]), float(size[1]))
