"""Load a Python launch file."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType

from ..launch_description import LaunchDescription


class InvalidPythonLaunchFileError(Exception):
    """The file defines no `generate_launch_description()`."""


def load_python_launch_file_as_module(python_launch_file_path: str) -> ModuleType:
    """Run the file and return it as a module; its name need not be a module's name."""
    loader = SourceFileLoader('python_launch_file', python_launch_file_path)
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def get_launch_description_from_python_launch_file(
    python_launch_file_path: str,
) -> LaunchDescription:
    """Return what the file's `generate_launch_description()` returns.

    Raises:
        InvalidPythonLaunchFileError: there is no such function.
    """
    module = load_python_launch_file_as_module(python_launch_file_path)
    if not hasattr(module, 'generate_launch_description'):
        raise InvalidPythonLaunchFileError(
            f"launch file at '{python_launch_file_path}' does not contain the required function "
            "'generate_launch_description()'"
        )
    return module.generate_launch_description()
