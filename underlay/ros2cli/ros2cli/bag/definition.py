"""The definition of a message type with those of all types in it, as a bag stores it."""

from pathlib import Path
import re

from ament_index_python.packages import get_package_share_directory, PackageNotFoundError

_PRIMITIVES = {'bool', 'byte', 'char', 'float32', 'float64', 'string', 'wstring'}
_PRIMITIVES |= {f'{sign}int{bits}' for sign in ('', 'u') for bits in (8, 16, 32, 64)}
_FIELD_TYPE = re.compile(r'^\s*([a-zA-Z0-9_/]+)(?:<=\d+)?(?:\[[^\]]*\])?\s+\w', re.MULTILINE)
_SEPARATOR = '=' * 80


def _read(type_name: str) -> str:
    package, _, name = type_name.rpartition('/')
    package = package.removesuffix('/msg')
    path = Path(get_package_share_directory(package), 'msg', f'{name}.msg')
    return path.read_text()


def _dependencies(text: str, package: str) -> list[str]:
    """Return the types of the fields that are messages, as 'pkg/Name' or 'pkg/msg/Name'."""
    names = {name for name in _FIELD_TYPE.findall(text) if name not in _PRIMITIVES}
    return sorted(name if '/' in name else f'{package}/{name}' for name in names)


def full_definition(type_name: str) -> tuple[str, str]:
    """Return (encoding, text) of a message type.

    The text is the .msg file, then for each type that it needs, once, a line of 80 '=',
    `MSG: pkg/Name` and its .msg file. Both are ('unknown', '') where a .msg file is missing:
    the messages are recorded all the same.
    """
    seen: set[str] = set()

    def collect(name: str) -> str:
        text = _read(name)
        for needed in _dependencies(text, name.split('/')[0]):
            if needed not in seen:
                seen.add(needed)
                text += f'\n{_SEPARATOR}\nMSG: {needed}\n{collect(needed)}'
        return text

    try:
        return 'ros2msg', collect(type_name)
    except (FileNotFoundError, PackageNotFoundError, ValueError):
        return 'unknown', ''
