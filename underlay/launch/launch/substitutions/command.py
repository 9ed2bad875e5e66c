"""What a command prints."""

import shlex
import subprocess

from ..launch_context import LaunchContext
from ..logging import get_logger
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from .substitution_failure import SubstitutionFailure

_ON_STDERR = ('fail', 'ignore', 'warn', 'capture')


class Command(Substitution):
    """Yields the stdout of a command, split as a shell does but run without one."""

    def __init__(
        self, command: SomeSubstitutionsType, *, on_stderr: SomeSubstitutionsType = 'fail'
    ) -> None:
        """Say what to run.

        Args:
            command: the command line.
            on_stderr: what to do when it writes to stderr: 'fail', 'ignore', 'warn', or
                'capture' to take it for output.
        """
        self.__command = normalize_to_list_of_substitutions(command)
        self.__on_stderr = normalize_to_list_of_substitutions(on_stderr)

    @property
    def command(self) -> list[Substitution]:
        """What the command line is made of."""
        return self.__command

    @property
    def on_stderr(self) -> list[Substitution]:
        """What is done about stderr."""
        return self.__on_stderr

    def describe(self) -> str:
        return f'Command({" + ".join(part.describe() for part in self.command)})'

    def perform(self, context: LaunchContext) -> str:
        """Run the command.

        Raises:
            SubstitutionFailure: it is not there, fails, or writes to stderr against `on_stderr`.
        """
        command = perform_substitutions(context, self.command)
        on_stderr = perform_substitutions(context, self.on_stderr)
        if on_stderr not in _ON_STDERR:
            raise SubstitutionFailure(f"expected 'on_stderr' to be one of: {_ON_STDERR}")
        try:
            result = subprocess.run(
                shlex.split(command),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if on_stderr == 'capture' else subprocess.PIPE,
                text=True,
            )
        except FileNotFoundError as error:
            raise SubstitutionFailure(f'file not found: {error}') from None
        if result.returncode != 0:
            raise SubstitutionFailure(
                f'executed command failed. Command: {command}\nstderr: {result.stderr}'
            )
        if result.stderr and on_stderr != 'ignore':
            message = f'executed command showed stderr output. Command: {command}\n{result.stderr}'
            if on_stderr == 'fail':
                raise SubstitutionFailure(message)
            get_logger(__name__).warning(message)
        return result.stdout
