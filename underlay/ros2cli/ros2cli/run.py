"""`ros2 run`: become an executable of a package."""

import argparse
import os
from pathlib import Path
import shlex

from ament_index_python.packages import get_package_prefix, PackageNotFoundError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument(
        '--prefix', help="Command to put before the executable, e.g. --prefix 'gdb -ex run --args'"
    )
    parser.add_argument('package_name', help='Name of the package')
    parser.add_argument('executable_name', help='Name of the executable')
    parser.add_argument(
        'argv', nargs=argparse.REMAINDER, help='Arguments handed on to the executable'
    )


def executables(package_name: str) -> list[Path]:
    """Return the executables of a package, sorted by name."""
    try:
        prefix = get_package_prefix(package_name)
    except (PackageNotFoundError, ValueError) as error:
        raise RuntimeError(f"Package '{package_name}' not found") from error
    paths = Path(prefix, 'lib', package_name).rglob('*')
    return sorted(path for path in paths if path.is_file() and os.access(path, os.X_OK))


def main(args: argparse.Namespace) -> None:
    """Replace this process by the executable; RuntimeError when there is none."""
    found = executables(args.package_name)
    paths = [path for path in found if path.name == args.executable_name]
    if not paths:
        names = ', '.join(path.name for path in found) or 'none'
        raise RuntimeError(f"No executable found: '{args.package_name}' has {names}")
    if len(paths) > 1:
        raise RuntimeError('\n- '.join(['Multiple executables found:', *map(str, paths)]))
    command = [*shlex.split(args.prefix or ''), str(paths[0]), *args.argv]
    # Becoming the executable, rather than its parent, lets every signal and the exit status pass
    # without a go-between.
    os.execvp(command[0], command)
