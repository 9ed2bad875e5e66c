"""True answers that a bag itself holds, and for how long they are true.

On label topics: Reasoning, Affordance or Trajectory messages where the topic says `label`.
From the simulator: Reasoning messages on `sim/truth`, which hold until something has moved.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from vla_r1_core.output import format as format_answer
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

from vla_r1_training.bags.episode import Array, Stated

TRUTH_TOPIC = 'sim/truth'
LABEL_WORD = 'label'
_MOVED_M = 0.005


@dataclass(frozen=True)
class Claim:
    """A stated answer and what it is about.

    Attributes:
        request_id, instruction: empty when the message does not say.
    """

    stated: Stated
    request_id: str
    instruction: str


def is_statement(topic: str) -> bool:
    """Return whether a topic of answers holds true ones."""
    return topic.endswith(TRUTH_TOPIC) or LABEL_WORD in topic


def read_claim(topic: str, message: Any, stamp_ns: int) -> Claim:
    """Return what a Reasoning, Affordance or Trajectory message claims.

    Raises:
        ValueError: it has a box or trace that no answer can have.
    """
    source = 'truth' if topic.endswith(TRUTH_TOPIC) else 'topic'
    if hasattr(message, 'text'):
        payload = message.text.rpartition('<output>')[2].partition('</output>')[0].strip()
        stated = Stated(source, Task(message.task), payload, stamp_ns)
        return Claim(stated, message.request_id, message.instruction)
    width, height = message.image_width, message.image_height
    if hasattr(message, 'bbox'):
        centre, box = message.bbox.center.position, message.bbox
        found = ParsedAnswer(
            Task.AFFORDANCE,
            'known',
            box=Box(centre.x / width, centre.y / height, box.size_x / width, box.size_y / height),
        )
    else:
        points = tuple((point.x / width, point.y / height) for point in message.waypoints)
        found = ParsedAnswer(Task.TRAJECTORY, 'known', trajectory=Trajectory2D(points))
    return Claim(Stated(source, found.task, payload_of(found), stamp_ns), message.request_id, '')


def payload_of(answer: ParsedAnswer) -> str:
    """Return what stands between <output> and </output> in a formatted answer.

    Raises:
        ValueError: the grammar cannot say it.
    """
    return format_answer(answer).rpartition('<output>')[2].partition('</output>')[0]


class Truths:
    """What the simulator said about the present scene."""

    def __init__(self) -> None:
        self._claims: dict[Task, Claim] = {}
        self._scene: dict[str, Array] | None = None

    def add(self, claim: Claim) -> None:
        """Take in an answer; it replaces those about an earlier image."""
        stamp = claim.stated.stamp_ns
        if any(known.stated.stamp_ns < stamp for known in self._claims.values()):
            self._claims = {}
        self._claims[claim.stated.task] = claim
        self._scene = None

    def about(self, instruction: str, scene: dict[str, Array]) -> tuple[Stated, ...]:
        """Return the answers to an instruction that are still true.

        Args:
            instruction: as given.
            scene: name of what could move → (3,) [m] where it is now.
        """
        moved = self._scene is not None and any(
            name in scene and float(np.linalg.norm(scene[name] - place)) > _MOVED_M
            for name, place in self._scene.items()
        )
        claims = [] if moved else self._claims.values()
        return tuple(claim.stated for claim in claims if claim.instruction == instruction)

    def remember(self, scene: dict[str, Array]) -> None:
        """Note how the scene looked when the answers came, unless that is known."""
        if self._claims and self._scene is None:
            self._scene = scene
