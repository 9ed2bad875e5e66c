# `. ./env.sh` gives a shell in which `ros2 …` works, from any folder (bash or zsh).
# With a ROS 2 installation sourced, that one is used; otherwise the wheels in .venv and underlay/.
_vla_r1_back=$PWD
cd "$(dirname "${BASH_SOURCE[0]:-${(%):-%x}}")" || return 1
if [ ! -f install/local_setup.sh ]; then
  echo "Nothing is built yet: run 'make build' (or 'make demo') in $PWD first." >&2
  cd "$_vla_r1_back" || true
  unset _vla_r1_back
  return 1
fi
if [ -z "${ROS_DISTRO:-}" ] || [ "${VLA_R1_ROS:-}" = wheels ]; then
  unset PYTHONPATH
  . scripts/wheels_env.sh
  COLCON_CURRENT_PREFIX="$PWD/underlay/install"
  . underlay/install/local_setup.sh
else
  export PATH="$PWD/.venv/bin:$PATH"
fi
COLCON_CURRENT_PREFIX="$PWD/install"
. install/local_setup.sh
unset COLCON_CURRENT_PREFIX
# Fast DDS's default shared-memory segment is smaller than one camera frame. Version 2, as in
# Jazzy, looks for the first name, version 3 for the second.
_profiles="${FASTDDS_DEFAULT_PROFILES_FILE:-$PWD/install/share/vla_r1/config/fastdds.xml}"
export FASTRTPS_DEFAULT_PROFILES_FILE="${FASTRTPS_DEFAULT_PROFILES_FILE:-$_profiles}"
export FASTDDS_DEFAULT_PROFILES_FILE="$FASTRTPS_DEFAULT_PROFILES_FILE"
unset _profiles
cd "$_vla_r1_back" || true
unset _vla_r1_back
