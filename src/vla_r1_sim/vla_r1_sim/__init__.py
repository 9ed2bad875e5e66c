"""A MuJoCo tabletop with an arm and an RGB-D camera; only `*_node.py`, `ros.py`, `convert.py` need ROS."""
