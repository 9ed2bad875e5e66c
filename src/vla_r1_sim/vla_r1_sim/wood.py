"""A procedural wood texture for the table: planks with grain, no picture files needed."""

import numpy as np

TINTS = ((0.80, 0.70, 0.57), (0.74, 0.64, 0.53), (0.69, 0.62, 0.55))
"""Birch, oak, ash [RGB in 0-1]: pale, so that saturated objects stand out."""

SIZE = 512


def wood_texture(tint: int, seed: int) -> np.ndarray:
    """Return a (512, 512, 3) uint8 RGB texture: 8 planks across, grain along."""
    rng = np.random.default_rng(seed)
    plank = np.arange(SIZE) // (SIZE // 8)
    along = np.arange(SIZE)[None, :] / SIZE
    across = np.arange(SIZE)[:, None] / SIZE
    phase = rng.uniform(0, 6.3, (8, 3))[plank]  # (512, 3)
    wave = 0.035 * np.sin(6.3 * along * 2 + phase[:, :1]) * np.sin(6.3 * along + phase[:, 1:2])
    rings = np.sin((across + wave) * 260 + phase[:, 2:])
    fibre = rng.normal(0, 1, (SIZE, 1)) + 0.5 * rng.normal(0, 1, (SIZE, SIZE // 16)).repeat(16, 1)
    shade = 1 + 0.013 * rings + 0.010 * fibre + rng.uniform(-0.035, 0.035, 8)[plank][:, None]
    shade[:: SIZE // 8] *= 0.80  # the joints between planks
    return (np.clip(shade[..., None] * TINTS[tint], 0, 1) * 255).astype(np.uint8)
