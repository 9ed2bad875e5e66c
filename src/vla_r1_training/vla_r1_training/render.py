"""Draw the scenes of a split into Parquet files; what is there already is not drawn again.

    ros2 run vla_r1_training render --split train --scenes 20000 --out data/scenes
    ros2 run vla_r1_training render --split test --scenes 1000 --out data/scenes

Each row is a picture, everything in it with its box, and questions with their true answers. The
same command makes the same files, whatever was there, wherever it was stopped and with how many
--jobs.
"""

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
import io
import itertools
import logging
import multiprocessing
import os
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
    parser.add_argument(
        '--jobs', type=int, default=os.cpu_count() or 1, help='processes (%(default)s)'
    )
    args = parser.parse_args()
    if args.jobs < 1:
        parser.error('--jobs must be at least 1')
    if args.scenes < 1 or args.scenes % PER_FILE:
        parser.error(f'--scenes must be a multiple of {PER_FILE}')
    render(args.split, args.scenes, args.out, args.jobs)


def render(split: str, scenes: int, out: Path, jobs: int = 1) -> list[Path]:
    """Write the files that are missing, in so many processes; return all of them."""
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f'{split}-{i:05}.parquet' for i in range(scenes // PER_FILE)]
    missing = [(i, file) for i, file in enumerate(files) if not file.exists()]
    shares = [share for j in range(jobs) if (share := missing[j::jobs])]
    if len(shares) < 2:
        _write(split, missing, PER_FILE)
    else:
        context = multiprocessing.get_context('spawn')  # no half of a GL context is inherited
        with ProcessPoolExecutor(len(shares), context) as pool:
            for done in [pool.submit(_write, split, share, PER_FILE) for share in shares]:
                done.result()
    return files


def _write(split: str, files: Sequence[tuple[int, Path]], scenes: int) -> None:
    """Draw numbered files of so many scenes."""
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    with Studio(*CAMERA) as studio:
        for i, file in files:
            rows = list(itertools.islice(_rows(SPLITS[split], i, studio), scenes))
            partly = file.with_suffix('.part')
            pq.write_table(pa.Table.from_pylist(rows, SCHEMA), partly)
            partly.rename(file)
            logging.info('%s', file)


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
