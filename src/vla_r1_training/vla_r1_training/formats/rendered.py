"""Rendered scenes as rows of a dataset: one for each question, with everything in the picture."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from vla_r1_core.prompt import build_prompt
from vla_r1_core.types import Box, ParsedAnswer, Trajectory2D

from vla_r1_training.formats.dataset import Row
from vla_r1_training.labels.stated import payload_of
from vla_r1_training.scenes.examples import Asked, questions_of

_DECIMALS = 4
_ROWS = 16


def is_rendered(path: Path) -> bool:
    """Return whether a Parquet file is one that `render` has written."""
    return {'things', 'questions'} <= set(pq.read_schema(path).names)


def rendered_rows(path: Path, *, pictures: bool = True) -> Iterator[tuple[Row, Asked]]:
    """Yield each question about each scene as a row, and with what else is known.

    Args:
        path: of a file that `render` has written.
        pictures: whether the rows hold them.
    """
    columns = ['seed', 'things', 'questions', *(['image'] if pictures else [])]
    scene = 0
    with pq.ParquetFile(path) as file:
        for group in file.iter_batches(_ROWS, columns=columns):
            for found in group.to_pylist():
                for number, asked in enumerate(questions_of(scene, found)):
                    yield _row(path.stem, number, asked, found), asked
                scene += 1


def _row(file: str, number: int, asked: Asked, scene: dict[str, Any]) -> Row:
    task = asked.task.name.lower()
    return {
        'id': f'{file}/{scene["seed"]}/{task}/{number}',
        'bag': file,
        'instruction': asked.instruction,
        'task': task,
        'prompt': build_prompt(asked.instruction, asked.task),
        'image': scene.get('image'),
        'ground_truth': payload_of(_rounded(asked.target)),
        'label_source': 'truth',
        'answer': None,
    }


def _rounded(target: ParsedAnswer) -> ParsedAnswer:
    """Return an answer as a dataset holds it, in ten-thousandths of the image."""
    if target.box:
        box = target.box
        values = (round(v, _DECIMALS) for v in (box.x, box.y, box.width, box.height))
        return ParsedAnswer(target.task, target.thought, box=Box(*values))
    if target.trajectory:
        points = ((round(x, _DECIMALS), round(y, _DECIMALS)) for x, y in target.trajectory.points)
        return ParsedAnswer(target.task, target.thought, trajectory=Trajectory2D(tuple(points)))
    return target
