"""What a child is started with: program, arguments, name, folder, environment."""

from collections.abc import Iterable
from pathlib import Path

from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions

SomeTexts = dict[SomeSubstitutionsType, SomeSubstitutionsType]


class CommandLine:
    """Holds substitutions, and makes texts of them once the launch is there."""

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        name: SomeSubstitutionsType | None,
        cwd: SomeSubstitutionsType | None,
        env: SomeTexts | None,
        additional_env: SomeTexts | None,
    ) -> None:
        self.cmd: list[list[Substitution]] = [
            normalize_to_list_of_substitutions(part) for part in cmd
        ]
        self.name = None if name is None else normalize_to_list_of_substitutions(name)
        self.__cwd = None if cwd is None else normalize_to_list_of_substitutions(cwd)
        self.__inherits = env is None
        self.__env = [
            (normalize_to_list_of_substitutions(key), normalize_to_list_of_substitutions(value))
            for texts in (env or {}, additional_env or {})
            for key, value in texts.items()
        ]

    def expand_cmd(self, context: LaunchContext) -> list[str]:
        """Return program and arguments."""
        return [perform_substitutions(context, part) for part in self.cmd]

    def expand_name(self, context: LaunchContext, cmd: list[str]) -> str:
        """Return the name, by default that of the program."""
        if self.name is None:
            return Path(cmd[0]).name
        return perform_substitutions(context, self.name)

    def expand_cwd(self, context: LaunchContext) -> str | None:
        """Return the folder to start in, None for ours."""
        return None if self.__cwd is None else perform_substitutions(context, self.__cwd)

    def expand_env(self, context: LaunchContext) -> dict[str, str]:
        """Return the environment."""
        env = dict(context.environment) if self.__inherits else {}
        for name, value in self.__env:
            env[perform_substitutions(context, name)] = perform_substitutions(context, value)
        return env
