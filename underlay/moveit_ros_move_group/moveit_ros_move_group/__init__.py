"""Stand-in for MoveIt's `move_group`: the same actions and services, planned with roboplan.

Read from the bottom up: `robot` (URDF, SRDF, limits), `world` (objects and what may touch what),
`collision` (both joined in a roboplan scene), `ik`, `timing`, `planning`, `cartesian`; then the
ROS side: `convert` and `convert_scene`, `joint_state`, `controllers`, `move_group_node`.
"""
