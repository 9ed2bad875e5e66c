"""Load launch descriptions from files."""

from .python_launch_description_source import PythonLaunchDescriptionSource
from .python_launch_file_utilities import (
    get_launch_description_from_python_launch_file,
    InvalidPythonLaunchFileError,
    load_python_launch_file_as_module,
)

__all__ = [
    'InvalidPythonLaunchFileError',
    'PythonLaunchDescriptionSource',
    'get_launch_description_from_python_launch_file',
    'load_python_launch_file_as_module',
]
