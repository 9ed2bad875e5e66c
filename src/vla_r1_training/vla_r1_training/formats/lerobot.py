"""Episodes → a LeRobot dataset, version 3.0: what was seen and where the tool was, frame by frame.

Frames are at even distances in time; where the camera dropped one, the last picture stands again.
The state is the tool's pose in the fixed frame and the gripper's opening, the action the state of
the next frame. One data file holds one episode; pictures are stored in it, not as video.

The format: https://github.com/huggingface/lerobot, src/lerobot/datasets (0.4).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Any

from datasets import Features, Image, List, Value
import numpy as np
from numpy.typing import NDArray
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from vla_r1_core.geometry import quat_from_matrix

from vla_r1_training.bags.episode import Array, Episode, Picture, Stamps
from vla_r1_training.bags.images import rgb_of
from vla_r1_training.formats.dataset import Row, write
from vla_r1_training.formats.lerobot_stats import of_all, of_pictures, of_values, Stats

CAMERA = 'observation.images.camera'
STATE = ('x', 'y', 'z', 'qx', 'qy', 'qz', 'qw', 'gripper')
_COUNTERS = ('frame_index', 'episode_index', 'index', 'task_index')
_FILES_PER_CHUNK = 1000
_LOOKED_AT = 16  # pictures of an episode, for the statistics of colours
_FEATURES = Features(
    {
        CAMERA: Image(),
        'observation.state': List(Value('float32'), length=len(STATE)),
        'action': List(Value('float32'), length=len(STATE)),
        'timestamp': Value('float32'),
        **{name: Value('int64') for name in _COUNTERS},
    }
)

Film = list[tuple[int, Callable[[], Picture]]]
"""Stamp [ns] of each picture, in order, and what reads it."""


class LeRobotError(ValueError):
    """An episode cannot be written; the text says why."""


@dataclass
class LeRobotWriter:
    """Writes episodes to a new folder; `close` writes what is about all of them.

    Attributes:
        fps: frames per second.
        repeated: frames that stand for dropped ones.
    """

    folder: Path
    fps: int
    repeated: int = 0
    _size: tuple[int, int] = (0, 0)
    _tasks: dict[str, int] = field(default_factory=dict)
    _episodes: list[Row] = field(default_factory=list)
    _stats: list[dict[str, Stats]] = field(default_factory=list)

    @property
    def episodes(self) -> int:
        """Written so far."""
        return len(self._episodes)

    @property
    def frames(self) -> int:
        """Written so far."""
        return int(self._episodes[-1]['dataset_to_index']) if self._episodes else 0

    def add(self, episode: Episode, film: Film) -> None:
        """Write an episode.

        Raises:
            LeRobotError: it lacks something, or its pictures are of another size.
        """
        if episode.tool_path is None or not film:
            raise LeRobotError('tool path and pictures are needed')
        times = self._times(episode.tool_path.stamps_ns, film)
        chosen = self._chosen(times, film)
        first = film[chosen[0]][1]()
        size = first.height, first.width
        if self._episodes and size != self._size:
            raise LeRobotError(f'its pictures are {first.width} x {first.height}')
        self._size = size
        self.repeated += int((np.diff(chosen) == 0).sum())
        states = states_at(episode, times)
        columns = {
            'observation.state': states,
            'action': np.vstack([states[1:], states[-1:]]),
            'timestamp': np.arange(len(times)) / self.fps,
            'frame_index': np.arange(len(times)),
            'episode_index': np.full(len(times), len(self._episodes)),
            'index': self.frames + np.arange(len(times)),
            'task_index': np.full(
                len(times), self._tasks.setdefault(episode.instruction, len(self._tasks))
            ),
        }
        looked_at: list[NDArray[np.uint8]] = []
        chunk, file = divmod(len(self._episodes), _FILES_PER_CHUNK)
        path = self.folder / f'data/chunk-{chunk:03d}/file-{file:03d}.parquet'
        path.parent.mkdir(parents=True, exist_ok=True)
        write(_rows(columns, chosen, film, looked_at), path, _FEATURES.arrow_schema)
        stats = {name: of_values(values) for name, values in columns.items()}
        self._note(episode.instruction, len(times), {**stats, CAMERA: of_pictures(looked_at)})

    def close(self, robot: str) -> None:
        """Write what is about all episodes.

        Args:
            robot: its type, as a name.
        """
        meta = self.folder / 'meta'
        episodes = meta / 'episodes/chunk-000/file-000.parquet'
        episodes.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(self._episodes), episodes)
        indices = list(self._tasks.values())
        tasks = pd.DataFrame({'task_index': indices}, index=list(self._tasks))
        tasks.to_parquet(meta / 'tasks.parquet')
        together = {name: of_all([s[name] for s in self._stats]) for name in self._stats[0]}
        _write_json(meta / 'stats.json', {name: _plain(stats) for name, stats in together.items()})
        _write_json(meta / 'info.json', self._info(robot))

    def _times(self, stamps_ns: Stamps, film: Film) -> Stamps:
        """Return the times [ns] of the frames."""
        begin = int(max(film[0][0], stamps_ns[0]))
        count = int((stamps_ns[-1] - begin) * 1e-9 * self.fps) + 1
        if count < 2:
            raise LeRobotError('it is shorter than two frames')
        return np.asarray(begin + np.round(np.arange(count) * 1e9 / self.fps), dtype=np.int64)

    def _chosen(self, times: Stamps, film: Film) -> NDArray[np.intp]:
        """Return for each frame which picture is the newest by then, half a frame's time aside."""
        stamps = np.array([stamp for stamp, _ in film])
        return np.searchsorted(stamps, times + round(5e8 / self.fps), side='left') - 1

    def _note(self, task: str, length: int, stats: dict[str, Stats]) -> None:
        chunk, file = divmod(len(self._episodes), _FILES_PER_CHUNK)
        flat = {
            f'stats/{name}/{key}': value
            for name, found in stats.items()
            for key, value in _plain(found).items()
        }
        self._episodes.append(
            {
                'episode_index': len(self._episodes),
                'tasks': [task],
                'length': length,
                'data/chunk_index': chunk,
                'data/file_index': file,
                'dataset_from_index': self.frames,
                'dataset_to_index': self.frames + length,
                'meta/episodes/chunk_index': 0,
                'meta/episodes/file_index': 0,
                **flat,
            }
        )
        self._stats.append(stats)

    def _info(self, robot: str) -> dict[str, Any]:
        axes = ['height', 'width', 'channels']
        vector = {'dtype': 'float32', 'shape': [len(STATE)], 'names': list(STATE)}
        single = {'shape': [1], 'names': None}
        return {
            'codebase_version': 'v3.0',
            'robot_type': robot,
            'total_episodes': len(self._episodes),
            'total_frames': self.frames,
            'total_tasks': len(self._tasks),
            'chunks_size': _FILES_PER_CHUNK,
            'data_files_size_in_mb': 100,
            'video_files_size_in_mb': 200,
            'fps': self.fps,
            'splits': {'train': f'0:{len(self._episodes)}'},
            'data_path': 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet',
            'video_path': None,
            'features': {
                CAMERA: {'dtype': 'image', 'shape': [*self._size, 3], 'names': axes},
                'observation.state': vector,
                'action': vector,
                'timestamp': {'dtype': 'float32', **single},
                **{name: {'dtype': 'int64', **single} for name in _COUNTERS},
            },
        }


def rate_of(film: Film) -> int:
    """Return the usual frames per second of pictures.

    Raises:
        LeRobotError: there are fewer than two.
    """
    if len(film) < 2:
        raise LeRobotError('it has fewer than two pictures')
    return max(1, round(1e9 / float(np.median(np.diff([stamp for stamp, _ in film])))))


def states_at(episode: Episode, times: Stamps) -> Array:
    """Return (N, 8): tool pose in the fixed frame and gripper opening at N times [ns].

    The opening is 0 throughout where the bag does not tell it.
    """
    path = episode.tool_path
    assert path is not None
    nearest = np.abs(path.stamps_ns[None] - times[:, None]).argmin(axis=1)
    turns = np.array([quat_from_matrix(pose) for pose in path.T_fixed_tool[nearest]])
    opening = np.zeros(len(times))
    if episode.gripper is not None:
        opening = np.interp(times, episode.gripper.stamps_ns, episode.gripper.opening)
    return np.column_stack([path.positions(times), turns, opening])


def _rows(
    columns: dict[str, Any],
    chosen: NDArray[np.intp],
    film: Film,
    looked_at: list[NDArray[np.uint8]],
) -> Iterator[Row]:
    """Yield the frames; some of the pictures are left in `looked_at`."""
    every = max(1, len(chosen) // _LOOKED_AT)
    data, shown = b'', -1
    for k, index in enumerate(chosen):
        if index != shown:
            picture = film[index][1]()
            data, shown = picture.data, index
        if k % every == 0:
            looked_at.append(rgb_of(picture))
        values = {name: column[k].tolist() for name, column in columns.items()}
        yield {CAMERA: {'bytes': data, 'path': None}, **values}


def _plain(stats: Stats) -> dict[str, Any]:
    return {name: value.tolist() for name, value in stats.items()}


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=4) + '\n')
