#!/usr/bin/env bash
set -e
. /opt/ros/jazzy/setup.bash
. /ws/env.sh
exec "$@"
