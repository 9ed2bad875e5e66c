"""A run in one page of HTML that needs no other file: curves, pictures, figures, provenance.

    ros2 run vla_r1_training report data/nano/grpo --evaluation both.json

`sft` and `grpo` write it whenever they write a model. With what `evaluate --json` says of the
models before and after, it holds that table too.
"""

import argparse
import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
import json
from pathlib import Path
import sys
from typing import Any

import yaml

from vla_r1_training.exams.results import as_tables
from vla_r1_training.provenance import write_text
from vla_r1_training.runs.curves import curves

REPORT = 'report.html'
_PICTURES = 3
"""From the beginning, the middle and the end."""
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem;
       color: #1b1f24; background: #fff; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
img { max-width: 100%; height: auto; } figure { margin: 1rem 0; }
figcaption, .note { color: #57606a; font-size: .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #d0d7de;
         vertical-align: top; }
code { overflow-wrap: anywhere; }
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Write the report of the run that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('run', type=Path, help='folder of sft or grpo')
    parser.add_argument('--evaluation', type=Path, metavar='FILE', help='that evaluate has made')
    args = parser.parse_args(argv)
    try:
        sys.stdout.write(f'{write_report(args.run, args.evaluation)}\n')
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return 0


def write_report(folder: Path, evaluation: Path | None = None) -> Path:
    """Write `report.html` into the folder of a run; return its path.

    Args:
        folder: of the run.
        evaluation: JSON that `evaluate` has made; it is kept in the folder for later reports.

    Raises:
        ValueError: the folder has no log of a run.
        OSError: a file cannot be read.
    """
    log, kept = folder / 'log.jsonl', folder / 'evaluation.json'
    if not log.exists():
        raise ValueError(f'{folder} is no run: it has no {log.name}')
    if evaluation:
        write_text(kept, evaluation.read_text())
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    about = _json(folder / 'run.json')
    parts = [
        f'<h1>{escape(folder.resolve().name)}</h1>',
        f'<p class="note">{escape(_headline(rows, about))}</p>',
        '<h2>Curves</h2>',
        _image(curves(rows), 'image/svg+xml', 'Thin: as logged. Thick: moving mean.'),
        *_evaluated(_json(kept)),
        *_pictures(sorted(folder.glob('answers-*.png'))),
        '<h2>Settings</h2>',
        _table(_settings(folder).items()),
        '<h2>Where it comes from</h2>',
        _table(_flat(about)),
    ]
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<title>{escape(folder.resolve().name)}</title><style>{_STYLE}</style></head><body>\n'
        + '\n'.join(parts)
        + '\n</body></html>\n'
    )
    write_text(folder / REPORT, page)
    return folder / REPORT


def _headline(rows: list[dict[str, Any]], about: Mapping[str, Any]) -> str:
    last = max((row['step'] for row in rows), default=0)
    seconds = sum(row.get('seconds', 0.0) for row in rows)
    revision = about.get('revision', 'unknown')[:12]
    return f'{last} steps in {seconds / 60:.1f} min of training, revision {revision}'


def _evaluated(evaluation: Mapping[str, Any]) -> list[str]:
    if not evaluation:
        return []
    parts = ['<h2>Before and after</h2>']
    for exam, (head, *body) in as_tables(evaluation['results']).items():
        lines = [_line(head, 'th'), *(_line(cells, 'td') for cells in body)]
        table = f'<table>{"".join(lines)}</table>'
        parts.append(f'<h3>{escape(exam)}</h3><div class="scroll">{table}</div>')
    note = 'In brackets: 95 % bootstrap intervals. Distances on a picture of 1000 by 1000.'
    return [*parts, f'<p class="note">{note}</p>']


def _pictures(files: list[Path]) -> list[str]:
    if not files:
        return []
    last = len(files) - 1
    chosen = sorted({round(i * last / (_PICTURES - 1)) for i in range(_PICTURES)})
    text = 'Green: true. Red: what the model said, stronger where it earned more.'
    images = [
        _image(files[i].read_bytes(), 'image/png', f'After step {int(files[i].stem[8:])}')
        for i in chosen
    ]
    return ['<h2>Answers</h2>', f'<p class="note">{text}</p>', *images]


def _settings(folder: Path) -> dict[str, Any]:
    file = folder / 'config.yaml'
    return yaml.safe_load(file.read_text()) if file.exists() else {}


def _flat(about: Mapping[str, Any], prefix: str = '') -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in about.items():
        if isinstance(value, dict):
            rows += _flat(value, f'{prefix}{name}: ')
        else:
            rows.append((prefix + name, ' '.join(value) if isinstance(value, list) else value))
    return rows


def _table(rows: Iterable[tuple[str, Any]]) -> str:
    lines = (
        f'<tr><th>{escape(name)}</th><td><code>{escape(str(value))}</code></td></tr>'
        for name, value in rows
    )
    return f'<table>{"".join(lines)}</table>'


def _line(cells: Iterable[str], tag: str) -> str:
    return '<tr>' + ''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells) + '</tr>'


def _image(data: bytes, kind: str, caption: str) -> str:
    text = base64.b64encode(data).decode()
    return (
        f'<figure><img alt="{escape(caption)}" src="data:{kind};base64,{text}">'
        f'<figcaption>{escape(caption)}</figcaption></figure>'
    )


def _json(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text()) if file.exists() else {}


if __name__ == '__main__':
    sys.exit(main())
