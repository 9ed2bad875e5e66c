"""The ROS-free heart of VLA-R1 (only `ros.py` imports ROS)."""
