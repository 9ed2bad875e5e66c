"""Write a dataset in the form that other programs take.

Examples:
    ros2 run vla_r1_training export sharegpt dataset --out sharegpt
    ros2 run vla_r1_training export verl dataset --out grpo && grpo/train.sh /path/to/model
    ros2 run vla_r1_training export lerobot bags --out lerobot --robot ur5e

sharegpt: conversations with images, for supervised fine-tuning: recorded answers that are right.
verl: Parquet, reward function and command for GRPO on Ray: every question with a known answer.
lerobot: whole motions, frame by frame, straight from bags: for policies that imitate them.
"""

from collections.abc import Callable, Sequence
import hashlib
import json
import logging
from pathlib import Path
import sys

from vla_r1_training.bags.bag import Bag, find_bags
from vla_r1_training.bags.episodes import EpisodeReader
from vla_r1_training.command_line import make_parser, read_config
from vla_r1_training.config import ExportConfig
from vla_r1_training.formats.dataset import read, Row, write
from vla_r1_training.formats.lerobot import LeRobotError, LeRobotWriter, rate_of
from vla_r1_training.formats.sharegpt import conversation
from vla_r1_training.formats.verl import REWARD, SCHEMA, TRAIN, verl_row
from vla_r1_training.provenance import sha256, write_config, write_run, write_text

SPLITS = ('train', 'validation')
_log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    parser = make_parser(__doc__, ExportConfig)
    parser.add_argument('form', choices=tuple(_FORMS))
    parser.add_argument(
        'sources', nargs='+', type=Path, help='folders that ingest or import has made, or bags'
    )
    parser.add_argument('--out', type=Path, required=True, help='folder of the result')
    args, config = read_config(parser, ExportConfig, argv)
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        write_config(args.out, config)
        written, left_out = _FORMS[args.form](args.sources, args.out, config)
    except ValueError as error:
        parser.error(str(error))
    inputs = [p for source in args.sources for p in (source, *source.rglob('*')) if _is_data(p)]
    outputs = [p for p in args.out.rglob('*') if p.suffix in ('.json', '.parquet', '.py', '.sh')]
    write_run(
        args.out,
        seed=config.seed,
        packages=('pyarrow', 'datasets'),
        inputs={str(path): sha256(path) for path in sorted(inputs)},
        outputs={str(path.relative_to(args.out)): sha256(path) for path in sorted(outputs)},
        left_out=left_out,
    )
    _log.info('%d in %s; %d are left out', written, args.out, left_out)
    return 0 if written else 1


def to_sharegpt(sources: list[Path], out: Path, config: ExportConfig) -> tuple[int, int]:
    """Write conversations; return how many there are, and how many rows gave none.

    Raises:
        ValueError: a source is no dataset.
    """
    (out / 'images').mkdir(exist_ok=True)
    found: dict[str, list[object]] = {split: [] for split in SPLITS}
    left_out = 0
    for row in read(sources):
        data = row['image']['bytes']
        suffix = 'png' if data.startswith(b'\x89PNG') else 'jpg'
        name = f'images/{hashlib.sha256(data).hexdigest()[:16]}.{suffix}'
        entry = conversation(
            row, name, least_reward=config.least_reward, without_thought=config.without_thought
        )
        if entry is None:
            left_out += 1
            continue
        (out / name).write_bytes(data)
        found[split_of(row, config)].append(entry)
    for split, entries in found.items():
        write_text(out / f'{split}.json', json.dumps(entries, ensure_ascii=False, indent=1))
    return sum(map(len, found.values())), left_out


def to_verl(sources: list[Path], out: Path, config: ExportConfig) -> tuple[int, int]:
    """Write what verl needs; return how many rows there are, and how many have no known answer.

    Raises:
        ValueError: a source is no dataset.
    """
    written = 0
    for split in SPLITS:
        (out / f'{split}.parquet').unlink(missing_ok=True)
        rows = (
            verl_row(row, split)
            for row in read(sources)
            if row['ground_truth'] is not None and split_of(row, config) == split
        )
        written += write(rows, out / f'{split}.parquet', SCHEMA)
    write_text(out / 'reward.py', REWARD)
    write_text(out / 'train.sh', TRAIN)
    (out / 'train.sh').chmod(0o755)
    return written, sum(1 for _ in read(sources)) - written


def to_lerobot(sources: list[Path], out: Path, config: ExportConfig) -> tuple[int, int]:
    """Write the motions of bags; return how many there are, and how many are left out.

    Raises:
        ValueError: a source is no bag, or no motion can be written.
    """
    writer: LeRobotWriter | None = None
    left_out = 0
    for path in find_bags(sources):
        with Bag(path) as bag:
            reader = EpisodeReader(bag, config)
            for episode in reader.episodes():
                film = reader.film(episode)
                try:
                    if episode.outcome and episode.outcome.error_code:
                        raise LeRobotError(f'it failed: {episode.outcome.error_msg}')
                    writer = writer or LeRobotWriter(out, config.fps or rate_of(film))
                    writer.add(episode, film)
                except LeRobotError as error:
                    left_out += 1
                    _log.warning('%s: %r is left out: %s', path, episode.instruction, error)
    if writer is None or not writer.frames:
        raise ValueError('no motion can be written')
    writer.close(config.robot)
    return writer.episodes, left_out


def split_of(row: Row, config: ExportConfig) -> str:
    """Return 'train' or 'validation'; all questions of an episode are in the same one."""
    episode = '/'.join(row['id'].split('/')[:2])
    drawn = hashlib.sha256(f'{config.seed} {episode}'.encode()).digest()
    share = int.from_bytes(drawn[:8], 'big') / 2**64
    return SPLITS[share < config.validation_share]


def _is_data(path: Path) -> bool:
    return path.is_file() and path.suffix in ('.parquet', '.mcap', '.db3', '.zstd')


_FORMS: dict[str, Callable[[list[Path], Path, ExportConfig], tuple[int, int]]] = {
    'sharegpt': to_sharegpt,
    'verl': to_verl,
    'lerobot': to_lerobot,
}

if __name__ == '__main__':
    sys.exit(main())
