"""Take ShareRobot's or ShareGPT's JSON into a dataset like those from bags.

Examples:
    ros2 run vla_r1_training import affordance.json trajectory.json --images images --out robot
    ros2 run vla_r1_training import cot.json --out cot

What an entry is, is seen from its keys. Images are looked up below --images (default: beside the
file) by the path that the entry names. Entries that cannot be used are counted and told.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
import json
import logging
from pathlib import Path
import sys
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from vla_r1_training.formats.dataset import DATA, Row, write
from vla_r1_training.formats.sharegpt import image_of, read_conversation
from vla_r1_training.formats.sharerobot import read_label
from vla_r1_training.provenance import sha256, write_run

_SUFFIXES = ('', '.png', '.jpg', '.jpeg')
_log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('files', nargs='+', type=Path, help='JSON, each a list of entries')
    parser.add_argument('--images', type=Path, help='folder of the images')
    parser.add_argument('--out', type=Path, required=True, help='folder of the dataset')
    args = parser.parse_args(argv)
    (args.out / DATA).mkdir(parents=True, exist_ok=True)
    outputs, refused = {}, Counter[str]()
    for file in args.files:
        try:
            entries = json.loads(file.read_text())
        except (OSError, ValueError) as error:
            parser.error(f'{file}: {error}')
        digest = sha256(file)
        path = args.out / DATA / f'{file.stem}-{digest[:8]}.parquet'
        if not path.exists():
            rows = _rows(entries, args.images or file.parent, refused)
            write(tqdm(rows, total=len(entries), unit='entries'), path)
        if path.exists():
            outputs[f'{DATA}/{path.name}'] = sha256(path)
    for reason, count in refused.most_common():
        _log.warning('%d entries are left out: %s', count, reason)
    inputs = {str(file): sha256(file) for file in args.files}
    write_run(
        args.out, seed=None, packages=('pyarrow', 'datasets'), inputs=inputs, outputs=outputs,
        left_out=dict(refused),
    )  # fmt: skip
    return 0 if outputs else 1


def _rows(entries: list[Any], images: Path, refused: Counter[str]) -> Iterator[Row]:
    """Yield the entries that can be used; count the reasons why others cannot."""
    for number, entry in enumerate(entries):
        try:
            if 'conversations' in entry or 'messages' in entry:
                row, name = read_conversation(entry), image_of(entry)
            else:
                row, name = read_label(entry), str(entry['id'])
            row['image'] = {'bytes': _image(images, name), 'path': None}
        except (ValueError, KeyError, TypeError) as error:
            refused[str(error)] += 1
            continue
        row['id'] = row['id'] or str(number)
        yield row


def _image(folder: Path, name: str) -> bytes:
    """Return an image's file.

    Raises:
        ValueError: there is none, or it is no image.
    """
    for suffix in _SUFFIXES:
        path = folder / (name + suffix)
        if path.is_file():
            data = path.read_bytes()
            if cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is None:
                raise ValueError('its image cannot be decoded')
            return data
    raise ValueError('its image is not there')


if __name__ == '__main__':
    sys.exit(main())
