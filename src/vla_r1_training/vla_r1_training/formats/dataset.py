"""Examples → Parquet files that Hugging Face's `datasets` reads, pictures included."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
import os
from pathlib import Path
from typing import Any

from datasets import Features, Image, List, Value
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from vla_r1_core.geometry import CameraModel
from vla_r1_core.prompt import build_prompt

from vla_r1_training.bags.images import encode_depth
from vla_r1_training.labels.labels import Example

DATA = 'data'
CARD = """---
configs:
- config_name: default
  data_files: data/*.parquet
---
"""
"""Begins the README.md of a dataset: where its rows are."""
_ROWS = 16  # in memory at a time, and in a row group
_VERDICTS = ('unknown', 'verified', 'refuted')  # of vla_r1_msgs/Outcome

_TEXT, _REAL = Value('string'), Value('float64')
FEATURES = Features(
    {
        'id': _TEXT,
        'bag': _TEXT,
        'request_id': _TEXT,
        'instruction': _TEXT,
        'task': _TEXT,  # 'affordance' or 'trajectory'
        'prompt': _TEXT,
        'image': Image(),
        'stamp_ns': Value('int64'),
        'frame': _TEXT,
        'ground_truth': _TEXT,  # the payload of <output>; null where it is not known
        'label_source': _TEXT,
        'answer': _TEXT,  # the model's, verbatim; null where none was asked
        'well_formed': Value('bool'),
        'model': _TEXT,
        'weights_sha256': _TEXT,
        'seed': Value('int64'),
        'error_code': Value('int32'),
        'depth': Image(),  # 16 bit [mm], 0 for none
        'camera': {
            'fx': _REAL,
            'fy': _REAL,
            'cx': _REAL,
            'cy': _REAL,
            'width': Value('int32'),
            'height': Value('int32'),
            'distortion': List(_REAL),
            'model': _TEXT,
        },
        'fixed_frame': _TEXT,
        'T_fixed_camera': List(_REAL),  # (4, 4), row by row
        'tool_frame': _TEXT,
        'tool_stamps_ns': List(Value('int64')),
        'tool_xyz': List(List(Value('float32'), length=3)),  # [m], in fixed_frame
        'gripper_stamps_ns': List(Value('int64')),
        'gripper_opening': List(Value('float32')),
        'outcome_code': Value('int32'),
        'outcome_message': _TEXT,
        'verified': _TEXT,
        'lacks': List(_TEXT),
    }
)


Row = dict[str, Any]
"""A row by column; what is missing is null."""


def write(rows: Iterable[Row], path: Path, schema: pa.Schema | None = None) -> int:
    """Write a Parquet file; return the number of rows. Without any there is no file.

    Args:
        rows: written as they come; few are in memory.
        path: appears when everything is in it.
        schema: of the columns; those of FEATURES when None.
    """
    part = path.with_name(f'{path.name}.{os.getpid()}.part')
    schema, source, count = schema or FEATURES.arrow_schema, iter(rows), 0
    with pq.ParquetWriter(part, schema, compression='zstd') as writer:
        while group := list(islice(source, _ROWS)):
            writer.write_table(pa.Table.from_pylist(group, schema))
            count += len(group)
    if count:
        part.replace(path)
    else:
        part.unlink()
    return count


def files_of(folder: Path) -> list[Path]:
    """Return the Parquet files of a dataset.

    Raises:
        ValueError: the folder is no dataset.
    """
    paths = sorted((folder / DATA).glob('*.parquet'))
    if not paths:
        raise ValueError(f'{folder} is no dataset: {DATA} in it has no *.parquet')
    return paths


def read_file(path: Path, columns: Sequence[str] | None = None) -> Iterator[Row]:
    """Yield the rows of one of a dataset's files, images as encoded bytes; few are in memory.

    Args:
        path: of the file.
        columns: to read; None for all.

    Raises:
        ValueError: `write` has not written it.
    """
    with pq.ParquetFile(path) as file:
        if missing := set(FEATURES) - set(file.schema_arrow.names):
            raise ValueError(f'{path} lacks the columns {", ".join(sorted(missing))}')
        wanted = columns and list(columns)
        for group in range(file.num_row_groups):  # given all at once, it reads far ahead
            for rows in file.iter_batches(_ROWS, row_groups=[group], columns=wanted):
                yield from rows.to_pylist()


def read(folders: Iterable[Path]) -> Iterator[Row]:
    """Yield the rows of datasets, images as encoded bytes.

    Raises:
        ValueError: a folder is no dataset that `write` has written.
    """
    for folder in folders:
        for path in files_of(folder):
            yield from read_file(path)


def row_of(example: Example, bag: str, *, depth: bool) -> Row:
    """Return an example as a row.

    Args:
        example: of an episode.
        bag: name of the recording.
        depth: whether the row holds depth.
    """
    episode, view, said = example.episode, example.view, example.said
    task = example.task.name.lower()
    tool, gripper, outcome = episode.tool_path, episode.gripper, episode.outcome
    seen = view.depth if depth else None
    return {
        'id': f'{bag}/{episode.key}/{task}/{view.stamp_ns}',
        'bag': bag,
        'request_id': episode.request_id,
        'instruction': episode.instruction,
        'task': task,
        'prompt': said.prompt if said else build_prompt(episode.instruction, example.task),
        'image': {'bytes': view.image.data, 'path': None},
        'stamp_ns': view.stamp_ns,
        'frame': view.frame,
        'ground_truth': example.truth,
        'label_source': example.source,
        'answer': said.text if said else None,
        'well_formed': said.well_formed if said else None,
        'model': said.model if said else None,
        'weights_sha256': said.weights_sha256 if said else None,
        'seed': _signed(said.seed) if said else None,
        'error_code': said.error_code if said else None,
        'depth': None if seen is None else {'bytes': encode_depth(seen), 'path': None},
        'camera': _camera(view.camera),
        'fixed_frame': episode.fixed,
        'T_fixed_camera': _flat(view.T_fixed_camera),
        'tool_frame': episode.tool,
        'tool_stamps_ns': tool.stamps_ns.tolist() if tool else [],
        'tool_xyz': tool.T_fixed_tool[:, :3, 3].astype(np.float32).tolist() if tool else [],
        'gripper_stamps_ns': gripper.stamps_ns.tolist() if gripper else [],
        'gripper_opening': gripper.opening.tolist() if gripper else [],
        'outcome_code': outcome.error_code if outcome else None,
        'outcome_message': outcome.error_msg if outcome else None,
        'verified': _VERDICTS[outcome.verified] if outcome else None,
        'lacks': [*episode.lacks, *example.reasons],
    }


def _signed(seed: int) -> int:
    """Return a uint64 as the int64 of the same bits, which every reader of Parquet knows."""
    return seed - 2**64 if seed >= 2**63 else seed


def _flat(matrix: Any) -> list[float] | None:
    return None if matrix is None else np.asarray(matrix).ravel().tolist()


def _camera(camera: CameraModel | None) -> dict[str, Any] | None:
    if camera is None:
        return None
    names = ('fx', 'fy', 'cx', 'cy', 'width', 'height', 'model')
    fields = {name: getattr(camera, name) for name in names}
    return {**fields, 'distortion': list(camera.distortion)}
