"""A MuJoCo tabletop with an arm and an RGB-D camera.

Only `*_node.py`, `ros.py` and `convert.py` need ROS.
"""

import os

# MuJoCo reads it when it is imported, and fails later without a display; a user's choice stands.
os.environ.setdefault('MUJOCO_GL', 'egl')
