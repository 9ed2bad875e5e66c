"""What instructions ask for, also those that say so only together with the ones before."""

from collections.abc import Sequence
import threading

from vla_r1_core.prompt import infer_intent, Intent

GOAL_SUFFIX = '-goal'  # of the request_id of a second question, for the trace to the goal
_REMEMBERED = 100


class Intents:
    """The intents of the last instructions, by request_id; safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Intent] = {}

    def note(self, request_id: str, instruction: str, context: Sequence[str]) -> Intent:
        """Return what an instruction asks for, and remember it.

        Args:
            request_id: of the question to the reasoner.
            instruction: as given; "no, the left one" asks for what the one before it did.
            context: request_ids of what the reasoner was reminded of, oldest first.
        """
        with self._lock:
            before = self._known.get(_plain(context[-1])) if context else None
            intent = infer_intent(instruction, before or Intent.PICK)
            self._known.pop(_plain(request_id), None)
            self._known[_plain(request_id)] = intent
            while len(self._known) > _REMEMBERED:
                del self._known[next(iter(self._known))]
        return intent

    def of(self, request_id: str, instruction: str) -> Intent:
        """Return what was noted, or else what the words say by themselves."""
        return self._known.get(_plain(request_id)) or infer_intent(instruction)


def _plain(request_id: str) -> str:
    return request_id.removesuffix(GOAL_SUFFIX)
