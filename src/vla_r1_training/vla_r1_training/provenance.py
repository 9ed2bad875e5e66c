"""Where a folder of results comes from: settings, code, versions, seed, hashes of the data."""

from collections.abc import Callable
from dataclasses import asdict
import hashlib
from importlib.metadata import PackageNotFoundError, version
import json
import os
from pathlib import Path
import platform
import subprocess
import sys
from typing import Any

import yaml

_PIECE_BYTES = 1 << 20


def sha256(path: Path, progress: Callable[[int], None] = lambda _: None) -> str:
    """Return the hash of a file; `progress` is told of each piece that was read [bytes]."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            progress(len(piece))
    return digest.hexdigest()


def revision() -> str:
    """Return the git revision of this code, with '-dirty' when it was changed; or 'unknown'."""
    command = ['git', 'describe', '--always', '--dirty', '--abbrev=40', '--exclude', '*']
    try:
        here = Path(__file__).resolve().parent
        run = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
        return run.stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # no git, or not from a checkout
        return 'unknown'


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python and of packages."""
    return {'python': platform.python_version(), **{name: _version(name) for name in packages}}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return 'not installed'


def write_config(folder: Path, config: Any, *, free: tuple[str, ...] = ()) -> None:
    """Write config.yaml, unless the folder was made with another one.

    Args:
        folder: of results.
        config: a dataclass.
        free: names of settings that may differ.

    Raises:
        ValueError: it was.
    """
    path, settings = folder / 'config.yaml', asdict(config)
    if path.exists():
        before = yaml.safe_load(path.read_text())
        changed = [name for name in settings if before.get(name) != settings[name]]
        if set(changed) - set(free):
            raise ValueError(
                f'{folder} was made with other settings ({", ".join(changed)}); '
                'use these again, or another folder'
            )
        if not changed:
            return
    write_text(path, yaml.safe_dump(settings, sort_keys=False))


def write_run(folder: Path, *, seed: int | None, packages: tuple[str, ...], **more: Any) -> None:
    """Write run.json: how the folder came about."""
    about = {
        'command': [Path(sys.argv[0]).name, *sys.argv[1:]],  # no folders of this machine
        'revision': revision(),
        'seed': seed,
        'versions': versions(*packages),
        **more,
    }
    write_text(folder / 'run.json', json.dumps(about, indent=1) + '\n')


def write_text(path: Path, text: str) -> None:
    """Write a file that is either whole or not there, whenever the process ends."""
    part = path.with_name(f'{path.name}.{os.getpid()}.part')
    part.write_text(text)
    part.replace(path)
