"""Draw the scenes of a split into Parquet files; what is there already is not drawn again.

    ros2 run vla_r1_training render --split train --scenes 20000 --out data/scenes
    ros2 run vla_r1_training render --split test --scenes 1000 --out data/scenes

Each row is a picture, everything in it with its box, and questions with their true answers. The
same command makes the same files, whatever was there and wherever it was stopped.
"""

import argparse
from collections.abc import Iterator
import io
import itertools
import logging
from pathlib import Path
from typing import Any

from PIL import Image
import pyarrow as pa
import pyarrow.parquet as pq
from vla_r1_sim.scene_spec import SceneSpec
from vla_r1_sim.studio import Studio

from vla_r1_training.scenes.questions import draw_scene, Question
from vla_r1_training.scenes.splits import Split, SPLITS

CAMERA = (640, 480)
"""The demo's own picture [px]."""
STORED = (448, 336)
"""[px], scaled down as the models' own image processors do."""
PER_FILE = 250
_SEEDS_PER_FILE = 10_000
"""Far more than `PER_FILE` scenes need: some seeds give nothing to ask."""

_FLOATS = pa.list_(pa.float32())
SCHEMA = pa.schema({
    'seed': pa.int64(),
    'image': pa.struct({'bytes': pa.binary(), 'path': pa.string()}),
    'things': pa.list_(pa.struct({'name': pa.string(), 'box': _FLOATS})),
    'questions': pa.list_(
        pa.struct({
            'instruction': pa.string(),
            'task': pa.int8(),
            'request': pa.string(),
            'name': pa.string(),
            'goal': pa.string(),
            'trace': pa.list_(_FLOATS),
        })
    ),
})  # fmt: skip
"""Boxes are x, y, width, height, the centre first; all coordinates in [0, 1] of the picture."""


def main() -> None:
    """Draw what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--split', choices=list(SPLITS), required=True)
    parser.add_argument('--scenes', type=int, required=True, help=f'a multiple of {PER_FILE}')
    parser.add_argument('--out', type=Path, required=True, metavar='FOLDER')
    args = parser.parse_args()
    if args.scenes < 1 or args.scenes % PER_FILE:
        parser.error(f'--scenes must be a multiple of {PER_FILE}')
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    render(args.split, args.scenes, args.out)


def render(split: str, scenes: int, out: Path) -> list[Path]:
    """Write the files that are missing; return all of them."""
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f'{split}-{i:05}.parquet' for i in range(scenes // PER_FILE)]
    with Studio(*CAMERA) as studio:
        for i, file in enumerate(files):
            if file.exists():
                continue
            rows = list(itertools.islice(_rows(SPLITS[split], i, studio), PER_FILE))
            partly = file.with_suffix('.part')
            pq.write_table(pa.Table.from_pylist(rows, SCHEMA), partly)
            partly.rename(file)
            logging.info('%s', file)
    return files


def _rows(split: Split, file: int, studio: Studio) -> Iterator[dict[str, Any]]:
    first = split.first_seed + file * _SEEDS_PER_FILE
    for seed in range(first, first + _SEEDS_PER_FILE):
        drawn = draw_scene(split, seed, studio)
        if drawn:
            yield _row(*drawn, studio)


def _row(scene: SceneSpec, questions: list[Question], studio: Studio) -> dict[str, Any]:
    picture = io.BytesIO()
    Image.fromarray(studio.rgb()).resize(STORED, Image.Resampling.BICUBIC).save(
        picture, 'JPEG', quality=93, subsampling=0
    )
    return {
        'seed': scene.seed,
        'image': {'bytes': picture.getvalue(), 'path': None},
        'things': [
            {'name': item.name.replace('_', ' '), 'box': _box(studio, item.name)}
            for item in scene.things
        ],
        'questions': [
            {
                'instruction': q.instruction,
                'task': int(q.task),
                'request': q.request,
                'name': q.name and q.name.replace('_', ' '),
                'goal': q.goal,
                'trace': [list(point) for point in q.trace],
            }
            for q in questions
        ],
    }


def _box(studio: Studio, name: str) -> list[float]:
    box = studio.box(name)
    if box is None:
        raise ValueError(f'{name} is not wholly in the picture')
    return [box.x, box.y, box.width, box.height]
