"""The true answers about a scene, from MuJoCo's own picture: what a model should say."""

import numpy as np
from vla_r1_core.types import Box


def visible_box(body_ids: np.ndarray, body_id: int) -> Box | None:
    """Return the box around an object's visible pixels, or None when it is out of sight.

    Args:
        body_ids: (height, width), the body id that each pixel shows.
        body_id: the object's.
    """
    rows, columns = np.nonzero(body_ids == body_id)
    if not len(rows):
        return None
    height, width = body_ids.shape
    left, right = columns.min() / width, (columns.max() + 1) / width
    top, bottom = rows.min() / height, (rows.max() + 1) / height
    return Box.from_corners(left, top, right, bottom)
