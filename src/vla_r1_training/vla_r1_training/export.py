"""Write a dataset in the form that other programs take.

Examples:
    ros2 run vla_r1_training export sharegpt dataset --out sharegpt
    ros2 run vla_r1_training export verl dataset --out grpo && grpo/train.sh /path/to/model

sharegpt: conversations with images, for supervised fine-tuning: recorded answers that are right.
verl: Parquet, reward function and command for GRPO on Ray: every question with a known answer.
"""

from collections.abc import Iterator, Sequence
import hashlib
import json
import logging
from pathlib import Path
import sys

from vla_r1_training.command_line import make_parser, read_config
from vla_r1_training.config import ExportConfig
from vla_r1_training.dataset import DATA, read, Row, write
from vla_r1_training.provenance import sha256, write_config, write_run, write_text
from vla_r1_training.sharegpt import conversation
from vla_r1_training.verl import REWARD, SCHEMA, TRAIN, verl_row

SPLITS = ('train', 'validation')
_log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    parser = make_parser(__doc__, ExportConfig)
    parser.add_argument('form', choices=('sharegpt', 'verl'))
    parser.add_argument('dataset', type=Path, help='folder that ingest or import has made')
    parser.add_argument('--out', type=Path, required=True, help='folder of the result')
    args, config = read_config(parser, ExportConfig, argv)
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        write_config(args.out, config)
        export = to_sharegpt if args.form == 'sharegpt' else to_verl
        written, left_out = export(args.dataset, args.out, config)
    except ValueError as error:
        parser.error(str(error))
    inputs = {path.name: sha256(path) for path in sorted((args.dataset / DATA).glob('*.parquet'))}
    outputs = {path.name: sha256(path) for path in sorted(args.out.glob('[tv]*.*'))}
    write_run(
        args.out, seed=config.seed, packages=('pyarrow', 'datasets'), inputs=inputs,
        outputs=outputs, left_out=left_out,
    )  # fmt: skip
    _log.info('%d rows in %s; %d rows have no answer to use', written, args.out, left_out)
    return 0 if written else 1


def to_sharegpt(dataset: Path, out: Path, config: ExportConfig) -> tuple[int, int]:
    """Write conversations; return how many there are, and how many rows gave none.

    Raises:
        ValueError: there is no such dataset.
    """
    (out / 'images').mkdir(exist_ok=True)
    found: dict[str, list[object]] = {split: [] for split in SPLITS}
    left_out = 0
    for row in read(dataset):
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


def to_verl(dataset: Path, out: Path, config: ExportConfig) -> tuple[int, int]:
    """Write what verl needs; return how many rows there are, and how many have no known answer.

    Raises:
        ValueError: there is no such dataset.
    """
    written = 0
    for split in SPLITS:
        (out / f'{split}.parquet').unlink(missing_ok=True)
        rows = (
            verl_row(row, split) for row in _labelled(dataset) if split_of(row, config) == split
        )
        written += write(rows, out / f'{split}.parquet', SCHEMA)
    write_text(out / 'reward.py', REWARD)
    write_text(out / 'train.sh', TRAIN)
    (out / 'train.sh').chmod(0o755)
    return written, sum(1 for _ in read(dataset)) - written


def split_of(row: Row, config: ExportConfig) -> str:
    """Return 'train' or 'validation'; all questions of an episode are in the same one."""
    episode = '/'.join(row['id'].split('/')[:2])
    drawn = hashlib.sha256(f'{config.seed} {episode}'.encode()).digest()
    share = int.from_bytes(drawn[:8], 'big') / 2**64
    return SPLITS[share < config.validation_share]


def _labelled(dataset: Path) -> Iterator[Row]:
    return (row for row in read(dataset) if row['ground_truth'] is not None)


if __name__ == '__main__':
    sys.exit(main())
