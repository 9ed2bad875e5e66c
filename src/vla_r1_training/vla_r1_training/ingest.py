"""Turn bags into a dataset: episodes with images, true answers, and a report of what was lost.

Examples:
    ros2 run vla_r1_training ingest demo/bag --out dataset
    ros2 run vla_r1_training ingest ~/bags --out dataset --jobs 8 --config my_robot.yaml
    ros2 run vla_r1_training ingest teleop --out taught --instruction "pick up the cup"

Bags are rosbag2's, MCAP or sqlite3, compressed or not, split, cut off or never closed. The folder
then holds data/*.parquet (for `datasets.load_dataset`), report.md, config.yaml and run.json. The
same command again goes on where it was stopped, and takes in bags that are new or have changed.
"""

from collections.abc import Sequence
from functools import partial
import logging
import os
from pathlib import Path
import sys

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from vla_r1_training.bags.bag import find_bags, size_of
from vla_r1_training.bags.convert_bag import finished, REPORTS
from vla_r1_training.bags.report import as_markdown, BagReport
from vla_r1_training.bags.runners import in_parallel, on_ray, one_by_one, Runner
from vla_r1_training.command_line import make_parser, read_config
from vla_r1_training.config import IngestConfig
from vla_r1_training.formats.dataset import CARD, DATA
from vla_r1_training.labels.labels import sources_of
from vla_r1_training.provenance import write_config, write_run, write_text

_PACKAGES = ('vla_r1_training', 'rosbags', 'pyarrow', 'datasets', 'numpy')
_log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    parser = make_parser(__doc__, IngestConfig)
    parser.add_argument('bags', nargs='+', type=Path, help='bags, or folders that hold some')
    parser.add_argument('--out', type=Path, required=True, help='folder of the dataset')
    parser.add_argument(
        '--jobs', type=int, default=os.cpu_count(), help='bags at a time (default: %(default)s)'
    )
    parser.add_argument(
        '--ray',
        nargs='?',
        const='',
        metavar='ADDRESS',
        help='convert on the machines of a Ray cluster (default: the one around, or a new one '
        'here); all of them must see bags and folder under the same paths',
    )
    args, config = read_config(parser, IngestConfig, argv)
    try:
        sources_of(config)
        bags = find_bags(args.bags)
        for name in (DATA, REPORTS):
            (args.out / name).mkdir(parents=True, exist_ok=True)
        write_config(args.out, config)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    for part in args.out.glob('*/*.part'):  # of a run that was stopped
        part.unlink(missing_ok=True)
    try:
        reports, failed = _convert_all(bags, args.out, config, _runner(args.ray, args.jobs))
    except ImportError:
        parser.error("--ray needs Ray: pip install 'ray[data]'")
    except KeyboardInterrupt:
        _log.info('Stopped. The same command goes on.')
        return 130
    _conclude(args.out, reports)
    if failed:
        _log.error('%d bags failed; what they say stands above', failed)
    return 1 if failed else 0


def _runner(ray: str | None, jobs: int) -> Runner:
    if ray is not None:
        return partial(on_ray, address=ray)
    return one_by_one if jobs <= 1 else partial(in_parallel, jobs=jobs)


def _convert_all(
    bags: list[Path], folder: Path, config: IngestConfig, run: Runner
) -> tuple[list[BagReport], int]:
    """Return the reports of all bags that could be converted, and how many could not."""
    reports = {bag: report for bag in bags if (report := finished(bag, folder))}
    if reports:
        _log.info('%d of %d bags are done already', len(reports), len(bags))
    left = [bag for bag in bags if bag not in reports]
    failed = 0
    with (
        tqdm(total=sum(map(size_of, left)), unit='B', unit_scale=True, disable=not left) as bar,
        logging_redirect_tqdm(),
    ):
        for bag, result in run(left, folder, config, bar.update):
            if isinstance(result, BagReport):
                reports[bag] = result
            else:
                failed += 1
                _log.error('%s: %s', bag, result)
    return [reports[bag] for bag in bags if bag in reports], failed


def _conclude(folder: Path, reports: list[BagReport]) -> None:
    """Write what is about all bags and say the result."""
    text = as_markdown(reports)
    write_text(folder / 'report.md', text)
    write_text(folder / 'README.md', CARD + text)
    files = {f'{r.bag}/{file.name}': file.sha256 for r in reports for file in r.files}
    written = {f'{DATA}/{r.parquet}': r.parquet_sha256 for r in reports if r.parquet}
    write_run(folder, seed=None, packages=_PACKAGES, inputs=files, outputs=written)
    faults = sum(len(report.faults) for report in reports)
    _log.info(
        '%d rows of %d episodes in %s; %s faults in the bags, see %s',
        sum(report.rows for report in reports),
        sum(len(report.episodes) for report in reports),
        folder / DATA,
        faults or 'no',
        folder / 'report.md',
    )


if __name__ == '__main__':
    sys.exit(main())
