"""The simulator as a teacher: it knows everything that is in the picture."""

import hashlib

from vla_r1_core.types import ParsedAnswer

from vla_r1_training.thoughts.annotation import AnnotateConfig, Annotation, Question, SIMULATOR
from vla_r1_training.thoughts.check import Code


class SimulatorTeacher:
    """The simulator's own annotator; its thoughts are right by construction.

    Args:
        config: with the seed, which varies the words.
    """

    name = SIMULATOR

    def __init__(self, config: AnnotateConfig) -> None:
        self._seed = config.seed

    async def start(self) -> None:
        """Nothing is needed."""

    async def close(self) -> None:
        """Nothing is open."""

    async def annotate(self, question: Question, target: ParsedAnswer) -> Annotation:
        """Write the thought; see `Teacher.annotate`."""
        if question.asked is None:
            return Annotation(
                question.number,
                Code.NO_SCENE,
                'nobody knows what else is in the picture; rendered scenes say so',
            )
        digest = hashlib.sha256(f'{self._seed} {question.row["id"]}'.encode()).digest()
        answer = question.asked.answer(int.from_bytes(digest[:4], 'big'))
        return Annotation(question.number, Code.ANNOTATED, answer=answer)
