"""Fetch a model from the Hugging Face Hub into a local folder, and check every byte of it.

    ros2 run vla_r1_perception get_model ORGANISATION/NAME
    ros2 run vla_r1_perception get_model ORGANISATION/NAME --revision v1.0 --out ~/models/vla-r1
    ros2 run vla_r1_perception get_model --check ~/models/vla-r1

The nodes themselves fetch nothing. What was broken off goes on with the same command; a file that
is not what the hub says is fetched anew. The folder then holds get_model.json with the commit and
the hashes, by which --check finds later damage without a network. A private model needs HF_TOKEN,
another hub HF_ENDPOINT.
"""

import argparse
from collections.abc import Sequence
import hashlib
import json
from pathlib import Path
import sys

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from safetensors import safe_open, SafetensorError
from vla_r1_core.errors import ReasoningError

from vla_r1_perception.model_folder import check_folder, not_loaded, weight_files, weights_sha256

_WANTED = ('*.json', '*.safetensors', '*.jinja', '*.txt', '*.model', '*.md')
"""No pickles, which could run anything, and no code."""
_MANIFEST = 'get_model.json'
_INDEX = 'model.safetensors.index.json'
_CHUNK = 1 << 20  # [bytes]


def main(argv: Sequence[str] | None = None) -> int:
    """Fetch or check; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument('repo', nargs='?', help='ORGANISATION/NAME on the hub')
    which.add_argument('--check', type=Path, metavar='FOLDER', help='of an earlier call')
    parser.add_argument('--revision', default='main', help='branch, tag or commit')
    parser.add_argument('--out', type=Path, help='folder (default: ./NAME)')
    args = parser.parse_args(argv)
    try:
        if args.check:
            folder, commit = args.check, check(args.check)
        else:
            folder = args.out or Path(args.repo.rpartition('/')[2])
            commit = fetch(args.repo, args.revision, folder)
        check_folder(str(folder))
        _check_weights(folder)
    except ReasoningError as error:
        sys.stderr.write(f'get_model: {error}\n')
        return 1
    except KeyboardInterrupt:
        sys.stderr.write('get_model: stopped; the same command goes on\n')
        return 130
    sys.stdout.write(
        f'{folder} is whole: commit {commit}, weights {weights_sha256(folder)}\n'
        f'ros2 launch vla_r1 bringup.launch.py backend:=transformers model:={folder.resolve()}\n'
    )
    return 0


def fetch(repo: str, revision: str, folder: Path, *, again: bool = True) -> str:
    """Fetch what a model needs, files with wrong bytes again; return the commit.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, with what to do about it.
    """
    try:
        about = HfApi().model_info(repo, revision=revision, files_metadata=True)
        snapshot_download(repo, revision=about.sha, local_dir=folder, allow_patterns=list(_WANTED))
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise not_loaded(
            f'{repo} ({revision}) cannot be fetched: {error}; check its name, the network, and '
            'HF_TOKEN if it is private; the same command goes on where this one stopped'
        ) from error
    there = {file.relative_to(folder).as_posix() for file in folder.rglob('*') if file.is_file()}
    hashes = {
        file.rfilename: f'sha256:{file.lfs.sha256}' if file.lfs else f'git:{file.blob_id}'
        for file in about.siblings or ()
        if file.rfilename in there
    }
    wrong = [name for name, told in hashes.items() if _hash(folder / name, told) != told]
    if wrong:  # the hub's client does not compare what is there already, and may be damaged since
        for name in wrong:
            (folder / name).unlink()
        if again:
            return fetch(repo, str(about.sha), folder, again=False)
        raise not_loaded(f'{repo} sends {", ".join(wrong)} with other bytes than it says')
    manifest = {'repo': repo, 'commit': about.sha, 'files': hashes}
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=2) + '\n')
    return str(about.sha)


def check(folder: Path) -> str:
    """Compare a fetched folder with what the hub said of it; return the commit.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, with the files that are wrong.
    """
    try:
        manifest = json.loads((folder / _MANIFEST).read_text())
        files = dict(manifest['files'])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise not_loaded(f'{folder} has no readable {_MANIFEST}: fetch it anew') from error
    gone = sorted(name for name in files if not (folder / name).is_file())
    wrong = sorted(n for n in files if n not in gone and _hash(folder / n, files[n]) != files[n])
    if gone or wrong:
        raise not_loaded(
            f'{folder} is damaged: {", ".join(gone) or "nothing"} missing, '
            f'{", ".join(wrong) or "nothing"} changed; fetch {manifest["repo"]} again'
        )
    return str(manifest['commit'])


def _check_weights(folder: Path) -> None:
    """Raise MODEL_NOT_LOADED unless all weight files can be read and none is missing."""
    index = folder / _INDEX
    named = set(json.loads(index.read_text())['weight_map'].values()) if index.exists() else set()
    missing = sorted(named - {file.name for file in weight_files(folder)})
    if missing:
        raise not_loaded(f'{folder} lacks {", ".join(missing)}, which {_INDEX} names')
    try:
        for file in weight_files(folder):
            with safe_open(file, framework='numpy'):
                pass
    except (SafetensorError, OSError) as error:
        raise not_loaded(f'{file} is no file of weights: {error}') from error


def _hash(file: Path, like: str) -> str:
    """Return a file's hash, of the kind that another one is: of its content, or as Git's blob."""
    kind = like.partition(':')[0]
    digest = hashlib.sha256() if kind == 'sha256' else hashlib.sha1(usedforsecurity=False)
    if kind == 'git':
        digest.update(f'blob {file.stat().st_size}\0'.encode())
    with file.open('rb') as data:
        while chunk := data.read(_CHUNK):
            digest.update(chunk)
    return f'{kind}:{digest.hexdigest()}'


if __name__ == '__main__':
    sys.exit(main())
