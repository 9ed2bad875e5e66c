"""Procedural pictures of table tops, all pale, so that saturated objects stand out."""

import numpy as np

from vla_r1_sim.wood import SIZE, wood_texture

SURFACES = ('wood', 'laminate', 'terrazzo', 'checks', 'stripes')

_TILES = 16
"""Of checks and stripes along the table."""


def table_texture(surface: str, wood: int, seed: int) -> np.ndarray:
    """Return a (512, 512, 3) uint8 RGB texture.

    Args:
        surface: one of `SURFACES`.
        wood: which wood, where it is one.
        seed: of grain, shades and speckles.
    """
    if surface == 'wood':
        return wood_texture(wood, seed)
    rng = np.random.default_rng(seed)
    base = rng.uniform(0.60, 0.88) + rng.uniform(-0.04, 0.04, 3)
    shade: np.ndarray
    match surface:
        case 'laminate':
            shade = 1 + 0.008 * rng.standard_normal((SIZE, SIZE))
        case 'terrazzo':
            cells = rng.uniform(0, 1, (SIZE // 4, SIZE // 4)).repeat(4, 0).repeat(4, 1)
            shade = np.where(cells > 0.9, rng.uniform(0.6, 0.85), 1.0)
        case 'checks':
            tile = np.arange(SIZE) * _TILES // SIZE
            shade = 1 - 0.16 * ((tile[:, None] % 2).astype(float) + tile[None, :] % 2)
        case 'stripes':
            tile = np.arange(SIZE) * _TILES // SIZE
            shade = np.broadcast_to(1 - 0.25 * (tile[:, None] % 2), (SIZE, SIZE))
        case _:
            raise ValueError(f'no surface {surface!r}; choose one of {", ".join(SURFACES)}')
    return (np.clip(shade[..., None] * base, 0, 1) * 255).astype(np.uint8)
