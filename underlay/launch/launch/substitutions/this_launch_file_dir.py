"""The folder of the launch file."""

from ..launch_context import LaunchContext
from ..substitution import Substitution
from .substitution_failure import SubstitutionFailure


class ThisLaunchFileDir(Substitution):
    """Yields the folder of the launch file that is being visited."""

    def describe(self) -> str:
        return 'ThisLaunchFileDir()'

    def perform(self, context: LaunchContext) -> str:
        """Return the folder.

        Raises:
            SubstitutionFailure: the description does not come from a launch file.
        """
        known = context.get_locals_as_dict()
        if 'current_launch_file_directory' not in known:
            raise SubstitutionFailure(
                'ThisLaunchFileDir used outside of a launch file (in a script)'
            )
        return known['current_launch_file_directory']
