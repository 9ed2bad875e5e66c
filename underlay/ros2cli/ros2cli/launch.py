"""`ros2 launch`."""

import argparse
from collections.abc import Iterator
import os
from pathlib import Path
import sys

from ament_index_python.packages import get_package_share_directory, PackageNotFoundError
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import (
    get_launch_description_from_python_launch_file,
    PythonLaunchDescriptionSource,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument(
        '-n',
        '--noninteractive',
        action='store_true',
        default=not sys.stdin.isatty(),
        help='There is no terminal that hands Ctrl-C to the nodes',
    )
    parser.add_argument('-d', '--debug', action='store_true', help='Say more')
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument('-p', '--print', action='store_true', help='Print what would be launched')
    instead.add_argument(
        '-s',
        '--show-args',
        '--show-arguments',
        action='store_true',
        help="Print the launch file's arguments",
    )
    parser.add_argument('package_name', help='Name of the package, or path of a launch file')
    parser.add_argument('launch_file_name', nargs='?', help='Name of the launch file')
    parser.add_argument(
        'launch_arguments',
        nargs='*',
        metavar='name:=value',
        help='Arguments of the launch file; the last of the same name wins',
    )


def _find(package: str, name: str | None) -> str:
    """Return the path of a launch file; RuntimeError lists those that the package has."""
    try:
        share = Path(get_package_share_directory(package))
    except (PackageNotFoundError, ValueError) as error:
        raise RuntimeError(
            f"Package '{package}' not found, nor is there a file of that name"
        ) from error
    # Not rglob: it leaves out linked folders, which a symlink install may have.
    files = [
        Path(folder, file)
        for folder, _, names in os.walk(share, followlinks=True)
        for file in names
    ]
    found = [file for file in files if file.name == name]
    if len(found) == 1:
        return str(found[0])
    if found:
        paths = ', '.join(f"'{path}'" for path in found)
        raise RuntimeError(f"file '{name}' was found more than once in '{share}': [{paths}]")
    launch_files = sorted(file.name for file in files if file.name.endswith('launch.py'))
    missing = 'No launch file named' if name is None else f"file '{name}' was not found"
    raise RuntimeError(
        f"{missing} in the share directory of package '{package}' which is at '{share}'; "
        f'it has {", ".join(launch_files) or "no launch file"}'
    )


def _parse(arguments: list[str]) -> dict[str, str]:
    """Return the values by name; RuntimeError unless each reads name:=value."""
    values = {}
    for argument in arguments:
        name, assign, value = argument.partition(':=')
        if not (name and assign and value):
            raise RuntimeError(
                f"malformed launch argument '{argument}', expected format '<name>:=<value>'"
            )
        values[name] = value
    return values


def _show_arguments(description: LaunchDescription) -> None:
    print("Arguments (pass arguments as '<name>:=<value>'):")
    arguments = description.get_launch_arguments()
    for argument in arguments:
        star = '*' if argument._conditionally_included else ''
        print(f"\n    '{argument.name}':{star}\n        {argument.description}")
        if argument.default_value is not None:
            default = ' + '.join(part.describe() for part in argument.default_value)
            print(f'        (default: {default})')
    if not arguments:
        print('\n  No arguments.')
    if any(argument._conditionally_included for argument in arguments):
        print('\n* argument(s) which are only used if specific conditions occur')


def _tree(entities, depth: int = 0) -> Iterator[str]:
    """Yield a line per entity, indented by its depth."""
    for entity in entities:
        yield f'{"    " * depth}{entity.describe()}'
        yield from _tree(entity.describe_sub_entities(), depth + 1)
        for reason, conditional in entity.describe_conditional_sub_entities():
            yield f'{"    " * (depth + 1)}{reason}'
            yield from _tree(conditional, depth + 2)


def main(args: argparse.Namespace) -> int:
    """Launch until everything has ended; the status says whether it went well."""
    arguments = args.launch_arguments
    if Path(args.package_name).is_file():
        path = args.package_name
        if args.launch_file_name is not None:  # already the first argument then
            arguments = [args.launch_file_name, *arguments]
    else:
        path = _find(args.package_name, args.launch_file_name)
    if args.show_args or args.print:
        description = get_launch_description_from_python_launch_file(path)
        if args.show_args:
            _show_arguments(description)
        else:
            print('\n'.join(_tree([description])))
        return 0
    values = _parse(arguments)
    service = LaunchService(argv=arguments, noninteractive=args.noninteractive, debug=args.debug)
    # Included, not run as it is, so that the launch file knows where it lies.
    service.include_launch_description(
        LaunchDescription(
            [
                IncludeLaunchDescription(
                    PythonLaunchDescriptionSource(path), launch_arguments=values.items()
                )
            ]
        )
    )
    return service.run()
