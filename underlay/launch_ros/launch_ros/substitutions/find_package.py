"""Where a package is installed."""

from ament_index_python.packages import get_package_prefix, get_package_share_directory
from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions


class FindPackage(Substitution):
    """Base class; subclasses define `find`."""

    def __init__(self, package: SomeSubstitutionsType) -> None:
        self.__package = normalize_to_list_of_substitutions(package)

    @property
    def package(self) -> list[Substitution]:
        """What the name of the package is made of."""
        return self.__package

    def describe(self) -> str:
        package = ' + '.join(part.describe() for part in self.package)
        return f'{type(self).__name__}(pkg={package})'

    def find(self, package_name: str) -> str:
        """Return a folder of the package.

        Raises:
            PackageNotFoundError: there is no such package.
        """
        raise NotImplementedError(f'{type(self).__name__} must define find()')

    def perform(self, context: LaunchContext) -> str:
        return self.find(perform_substitutions(context, self.package))


class FindPackagePrefix(FindPackage):
    """Yields the folder that the package is installed into."""

    def find(self, package_name: str) -> str:
        return get_package_prefix(package_name)


class FindPackageShare(FindPackage):
    """Yields the package's share folder: launch files, configuration, models."""

    def find(self, package_name: str) -> str:
        return get_package_share_directory(package_name)
