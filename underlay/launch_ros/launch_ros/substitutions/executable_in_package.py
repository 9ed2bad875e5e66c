"""Where a node's program is."""

from pathlib import Path
import shutil

from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch.substitutions import SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from .find_package import FindPackagePrefix


class ExecutableInPackage(FindPackagePrefix):
    """Yields PREFIX/lib/PACKAGE/EXECUTABLE."""

    def __init__(self, executable: SomeSubstitutionsType, package: SomeSubstitutionsType) -> None:
        super().__init__(package)
        self.__executable = normalize_to_list_of_substitutions(executable)

    @property
    def executable(self) -> list[Substitution]:
        """What the name of the program is made of."""
        return self.__executable

    def describe(self) -> str:
        executable = ' + '.join(part.describe() for part in self.executable)
        package = ' + '.join(part.describe() for part in self.package)
        return f'ExecInPkg(pkg={package}, exec={executable})'

    def perform(self, context: LaunchContext) -> str:
        """Return the path.

        Raises:
            PackageNotFoundError: there is no such package.
            SubstitutionFailure: it has no such program.
        """
        executable = perform_substitutions(context, self.executable)
        package = perform_substitutions(context, self.package)
        prefix = super().perform(context)
        libexec = Path(prefix, 'lib', package)
        if not libexec.exists():
            raise SubstitutionFailure(
                f"package '{package}' found at '{prefix}', but libexec directory '{libexec}' "
                'does not exist'
            )
        path = shutil.which(executable, path=libexec)
        if path is None:
            raise SubstitutionFailure(
                f"executable '{executable}' not found on the libexec directory '{libexec}'"
            )
        return path
