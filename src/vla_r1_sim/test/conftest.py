"""Before any test imports mujoco: the package chooses how it renders without a display."""

import vla_r1_sim  # noqa: F401
