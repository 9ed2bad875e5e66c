"""Broken depth pictures, as bad drivers and bad settings send them."""

import numpy as np


def break_depth(depth: np.ndarray, encoding: str, fault: str) -> tuple[np.ndarray, str]:
    """Return a depth picture and its encoding with a fault; other faults change nothing."""
    match fault:
        case 'depth_nan':
            empty = np.nan if depth.dtype == np.float32 else 0
            return np.full_like(depth, empty), encoding
        case 'depth_wrong_size':
            return np.ascontiguousarray(depth[::2, ::2]), encoding
        case 'depth_wrong_encoding':
            return (np.nan_to_num(depth) * 100).astype(np.uint8), 'mono8'
        case _:
            return depth, encoding
