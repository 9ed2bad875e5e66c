"""Rendered scenes as examples: pictures in one array, questions with what is known."""

from dataclasses import dataclass
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
import pyarrow.parquet as pq
from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

from vla_r1_training.scenes.thoughts import annotate, Seen

_PLAIN_WORDS = 3
"""Of a request without a relation: 'pick red cube'."""


@dataclass(frozen=True)
class Asked:
    """A question about a picture, with everything that is known about it.

    Attributes:
        picture: its index.
        things: everything in the picture.
        name: of what is meant, None when it is not there.
        trace: (N, 2) in [0, 1], empty when a box is asked for.
    """

    picture: int
    instruction: str
    task: Task
    request: str
    things: tuple[Seen, ...]
    name: str | None
    goal: str
    trace: tuple[tuple[float, float], ...]

    @property
    def relative(self) -> bool:
        """Whether it says where the thing lies: 'pick ball nearest to red box'."""
        return len(self.request.split()) > _PLAIN_WORDS

    @property
    def box(self) -> Box | None:
        """Of what is meant."""
        return next((thing.box for thing in self.things if thing.name == self.name), None)

    @property
    def target(self) -> ParsedAnswer:
        """The true answer."""
        if self.name is None:
            return ParsedAnswer(self.task, 'known')
        if self.task == Task.AFFORDANCE:
            return ParsedAnswer(self.task, 'known', box=self.box)
        return ParsedAnswer(self.task, 'known', trajectory=Trajectory2D(self.trace))

    def answer(self, seed: int) -> str:
        """Write the whole answer; the seed varies the words of the thought."""
        return annotate(
            self.request, self.task, self.things, self.name, self.trace, self.goal, seed
        )


@dataclass(frozen=True)
class Scenes:
    """Pictures and the questions about each.

    Attributes:
        pictures: (N, height, width, 3) uint8, memory-mapped.
        questions: N lists.
    """

    pictures: NDArray[np.uint8]
    questions: list[list[Asked]]


def load_scenes(files: list[Path], size: tuple[int, int]) -> Scenes:
    """Read rendered files; pictures are scaled once and kept beside them.

    Args:
        files: Parquet files as `render` writes them.
        size: width and height of the pictures [px].
    """
    pictures = [_pictures(file, size) for file in files]
    questions: list[list[Asked]] = []
    for file in files:
        for row in pq.read_table(file, columns=['things', 'questions']).to_pylist():
            questions.append(questions_of(len(questions), row))
    return Scenes(np.concatenate(pictures), questions)


def first_questions(scenes: Scenes, count: int) -> Scenes:
    """Return the first questions, and the pictures that they are about."""
    questions: list[list[Asked]] = []
    left = count
    for asked in scenes.questions:
        if left:
            questions.append(asked[:left])
            left -= len(questions[-1])
    return Scenes(scenes.pictures[: len(questions)], questions)


def _pictures(file: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    kept = file.with_suffix(f'.{size[0]}x{size[1]}.npy')
    if not kept.exists():
        images = pq.read_table(file, columns=['image'])['image'].to_pylist()
        scaled = [
            Image.open(io.BytesIO(image['bytes'])).resize(size, Image.Resampling.BICUBIC)
            for image in images
        ]
        partly = kept.with_suffix('.part')
        with partly.open('wb') as out:
            np.save(out, np.stack([np.asarray(image) for image in scaled]))
        partly.rename(kept)
    pictures: NDArray[np.uint8] = np.load(kept, mmap_mode='r')
    return pictures


def questions_of(picture: int, row: dict[str, Any]) -> list[Asked]:
    """Return the questions about a picture, from a row of a rendered file."""
    things = tuple(Seen(thing['name'], Box(*thing['box'])) for thing in row['things'])
    return [
        Asked(
            picture=picture,
            instruction=q['instruction'],
            task=Task(q['task']),
            request=q['request'],
            things=things,
            name=q['name'],
            goal=q['goal'],
            trace=tuple((x, y) for x, y in q['trace']),
        )
        for q in row['questions']
    ]
