"""bringup.launch.py as the tests start it."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_pytest.actions import ReadyToTest


def included(**arguments):
    """Return a description that includes it with these arguments."""
    launch_file = Path(get_package_share_directory('vla_r1'), 'launch', 'bringup.launch.py')
    return LaunchDescription(
        [
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(launch_file)),
                launch_arguments=arguments.items(),
            ),
            ReadyToTest(),
        ]
    )
