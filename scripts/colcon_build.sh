#!/usr/bin/env bash
# Build the packages below the given folders; called by setup.sh, which sets the variables.
set -eo pipefail
cd "$(dirname "$0")/.."
export COLCON_LOG_LEVEL=40 COLCON_HOME="$PWD/.venv/colcon"
packages=()
for folder in "$@"; do
  for manifest in "$folder"/package.xml "$folder"/*/package.xml; do
    [ -f "$manifest" ] && packages+=("${manifest%/package.xml}")
  done
done
arguments=(--cmake-args -DBUILD_TESTING=OFF "-DPython3_EXECUTABLE=$PWD/.venv/bin/python")
if [ "$ROS_ENV" = wheels ]; then
  . scripts/wheels_env.sh
  arguments+=(-GNinja)
  [ "$INSTALL_BASE" != underlay/install ] && . underlay/install/local_setup.sh
fi
# Links to what a newer checkout no longer has stop a build.
mkdir -p "$BUILD_BASE" "$INSTALL_BASE"
find "$BUILD_BASE" "$INSTALL_BASE" -xtype l -delete
exec .venv/bin/python -m colcon --log-base "$LOG_BASE" build --merge-install --symlink-install \
  --base-paths "${packages[@]}" --build-base "$BUILD_BASE" --install-base "$INSTALL_BASE" \
  --event-handlers console_direct+ "${arguments[@]}"
