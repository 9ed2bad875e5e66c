# Sourced from the repository's root: the ROS 2 that lives in .venv (bash, zsh, sh).
export VIRTUAL_ENV="$PWD/.venv"
export PATH="$VIRTUAL_ENV/bin:$PATH"
# rclpy's bootstrapper sets this for Python only; colcon's CMake and shells need it too.
LD_LIBRARY_PATH=$(unset LD_LIBRARY_PATH; "$VIRTUAL_ENV/bin/python" -c "import os; print(os.environ['LD_LIBRARY_PATH'])")
export LD_LIBRARY_PATH
export AMENT_PREFIX_PATH="$VIRTUAL_ENV" CMAKE_PREFIX_PATH="$VIRTUAL_ENV"
export ROS_VERSION=2 ROS_PYTHON_VERSION=3 ROS_DISTRO=jazzy VLA_R1_ROS=wheels
