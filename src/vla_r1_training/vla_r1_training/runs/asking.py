"""Questions with verifiable answers, from bags and from rendered scenes, as TRL takes them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
import io
from pathlib import Path
from typing import Any

from datasets import Dataset, load_dataset
import numpy as np
from numpy.typing import NDArray
from PIL import Image
import pyarrow.parquet as pq
from vla_r1_core.prompt import build_prompt, IMAGE_MARKER
from vla_r1_core.types import Task

from vla_r1_training.formats.dataset import DATA
from vla_r1_training.scenes.examples import load_scenes

_COLUMNS = ['instruction', 'task', 'ground_truth', 'image']


@dataclass(frozen=True)
class Question:
    """What is asked about a picture, and the true answer.

    Attributes:
        truth: as `vla_r1_core.rewards.read_target` reads it.
        picture: loads the picture.
    """

    instruction: str
    task: Task
    truth: str
    picture: Callable[[], Image.Image]


def from_bags(folder: Path, cache: Path) -> list[Question]:
    """Return the questions of a dataset that `ingest` has written, whose answers are known.

    Args:
        folder: of the dataset.
        cache: folder for its pictures as they are read at random.

    Raises:
        ValueError: it is no dataset.
    """
    files = [str(file) for file in sorted((folder / DATA).glob('*.parquet'))]
    if not files:
        raise ValueError(f'{folder} is no dataset: {DATA} in it has no *.parquet')
    rows = load_dataset(
        'parquet', data_files=files, columns=_COLUMNS, split='train', cache_dir=str(cache)
    )
    pictures, known = rows.select_columns('image'), rows.select_columns(_COLUMNS[:3])
    return [
        Question(
            row['instruction'],
            Task[row['task'].upper()],
            row['ground_truth'],
            partial(_row_picture, pictures, i),
        )
        for i, row in enumerate(known)
        if row['ground_truth'] is not None
    ]


def from_scenes(files: list[Path], processor: Any) -> list[Question]:
    """Return the questions about rendered scenes.

    Args:
        files: as `render` writes them.
        processor: of the model, for the size of the pictures that it sees.
    """
    scenes = load_scenes(files, _seen_size(files[0], processor))
    return [
        Question(
            asked.instruction,
            asked.task,
            asked.answer(0),
            partial(_array_picture, scenes.pictures, asked.picture),
        )
        for questions in scenes.questions
        for asked in questions
    ]


def as_dataset(questions: list[Question]) -> Dataset:
    """Return rows with `prompt`, `image`, `ground_truth`, `task` and `instruction`."""

    def rows(batch: dict[str, list[int]]) -> dict[str, list[Any]]:
        chosen = [questions[i] for i in batch['question']]
        # The answers of a group share their picture.
        pictures = {i: questions[i].picture() for i in set(batch['question'])}
        return {
            'prompt': [_messages(question) for question in chosen],
            'image': [pictures[i] for i in batch['question']],
            'ground_truth': [question.truth for question in chosen],
            'task': [question.task.value for question in chosen],
            'instruction': [question.instruction for question in chosen],
        }

    return Dataset.from_dict({'question': range(len(questions))}).with_transform(rows)


def _messages(question: Question) -> list[dict[str, Any]]:
    text = build_prompt(question.instruction, question.task).removesuffix(IMAGE_MARKER)
    return [{'role': 'user', 'content': [{'type': 'text', 'text': text}, {'type': 'image'}]}]


def _row_picture(rows: Dataset, index: int) -> Image.Image:
    return rows[index]['image'].convert('RGB')


def _array_picture(pictures: NDArray[np.uint8], index: int) -> Image.Image:
    return Image.fromarray(pictures[index])


def _seen_size(file: Path, processor: Any) -> tuple[int, int]:
    """Return width and height that the processor scales the file's pictures to [px]."""
    images = processor.image_processor
    first = next(pq.ParquetFile(file).iter_batches(1, columns=['image'])).to_pylist()[0]['image']
    grid = images(images=[Image.open(io.BytesIO(first['bytes']))], return_tensors='pt')[
        'image_grid_thw'
    ][0]
    return int(grid[2]) * images.patch_size, int(grid[1]) * images.patch_size
