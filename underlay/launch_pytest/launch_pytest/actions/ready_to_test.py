"""Let the tests begin."""

from collections.abc import Callable

from launch import Action, LaunchContext


class ReadyToTest(Action):
    """Tells that what is under test is up; without one, tests begin when all is visited."""

    def __init__(self) -> None:
        super().__init__()
        self.__callbacks: list[Callable[[], None]] = []

    def _add_callback(self, callback: Callable[[], None]) -> None:
        self.__callbacks.append(callback)

    def execute(self, context: LaunchContext) -> None:
        for callback in self.__callbacks:
            callback()
