"""Measures of models beside each other and beside the paper's, as tables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Measures = dict[str, tuple[float, ...]]
"""By name (mean, low, high, count), as `judge.summary` returns them."""

IN_DOMAIN, OUT_OF_DOMAIN = 'in-domain', 'out of domain'

PAPER: dict[str, dict[str, tuple[float, ...]]] = {
    IN_DOMAIN: {
        'Qwen2.5-VL-3B': (6.15, 208.02, 179.12, 144.14, 175.37),
        'RoboBrain-7B': (11.79, 156.10, 136.52, 106.71, 133.11),
        'NORA-3B': (23.48, 139.65, 126.76, 92.97, 120.45),
        'ManipLVM-R1-3B': (31.00, 134.18, 111.14, 87.28, 110.87),
        'VLA-R1-3B': (36.51, 106.20, 97.90, 71.12, 91.74),
    },
    OUT_OF_DOMAIN: {
        'Qwen2.5-VL-3B': (23.96, 211.80, 205.00, 140.49, 250.67),
        'RoboBrain-7B': (22.00, 220.94, 214.14, 173.02, 202.70),
        'NORA-3B': (22.44, 154.81, 129.84, 95.65, 126.77),
        'ManipLVM-R1-3B': (28.00, 146.82, 140.52, 108.64, 131.99),
        'VLA-R1-3B': (33.96, 114.30, 98.43, 68.97, 93.90),
    },
}
"""arXiv 2510.01623: IoU [%], then DFD, HD, RMSE and their mean on [0, 1000).

As printed: of Qwen2.5-VL-3B (both) and NORA-3B (in-domain) the mean is not that of the three.
"""

PAPER_NOTE = (
    'Marked *: figures of the paper (arXiv 2510.01623), measured on other data; how it samples '
    'traces is not published. They show the order of things, no more.'
)

_COMPARED = {'iou': 'IoU [%]', 'dfd': 'DFD', 'hd': 'HD', 'rmse': 'RMSE', 'mean': 'mean'}
_OTHERS = {
    'valid': 'form [%]', 'named': 'right thing [%]', 'absent': 'absence seen [%]',
    'missed': 'called absent [%]',
}  # fmt: skip
_SHARES = {'iou', *_OTHERS}
_CHANGES = ('iou', 'mean', 'named', 'absent', 'missed')


@dataclass(frozen=True)
class Result:
    """Of one model on one set of questions.

    Attributes:
        model: its folder.
        exam: the set's name.
        domains: the paper's that it compares with.
        measures: what was measured.
        changes: their changes against the first model, as shares of its; of that one none.
    """

    model: str
    exam: str
    domains: tuple[str, ...]
    measures: Measures
    changes: Measures = field(default_factory=dict)


def as_markdown(results: list[Result]) -> str:
    """Return a table for each set of questions, models in rows and the paper's as the last."""
    lines = []
    for exam in dict.fromkeys(result.exam for result in results):
        own = [result for result in results if result.exam == exam]
        domains = own[0].domains
        lines += [f'## {exam} ({", ".join(domains)})', '']
        rows = [[r.model, *(_cell(r.measures, name) for name in _COMPARED)] for r in own]
        for domain in domains:
            place = f', {domain}' if len(domains) > 1 else ''
            rows += [
                [f'{model}*{place}', *(f'{value:.2f}' for value in values)]
                for model, values in PAPER[domain].items()
            ]
        lines += _table(['model', *_COMPARED.values()], rows)
        rows = [[r.model, _count(r.measures), *(_cell(r.measures, n) for n in _OTHERS)]
                for r in own]  # fmt: skip
        lines += ['', *_table(['model', 'answers', *_OTHERS.values()], rows), '']
        rows = [[r.model, *(_change(r.changes, n) for n in _CHANGES)] for r in own if r.changes]
        if rows:
            names = ((_COMPARED | _OTHERS)[name].removesuffix(' [%]') for name in _CHANGES)
            lines += [*_table([f'change against {own[0].model} [%]', *names], rows), '']
    return '\n'.join([*lines, 'In brackets: 95 % bootstrap intervals.', PAPER_NOTE]) + '\n'


def as_dict(results: list[Result]) -> list[dict[str, object]]:
    """Return the results for JSON; IoU and shares in [0, 1], changes as shares, too."""

    def named(measures: Measures) -> dict[str, dict[str, float]]:
        keys = ('mean', 'low', 'high', 'count')
        return {name: dict(zip(keys, value, strict=True)) for name, value in measures.items()}

    return [
        {
            'model': result.model,
            'exam': result.exam,
            'measures': named(result.measures),
            'changes': named(result.changes),
        }
        for result in results
    ]


def as_tables(results: Iterable[Mapping[str, Any]]) -> dict[str, list[list[str]]]:
    """Return rows of text by set of questions, the head first, from what `as_dict` returned."""
    names, tables = _COMPARED | _OTHERS, dict[str, list[list[str]]]()
    for result in results:
        measures = {name: tuple(values.values()) for name, values in result['measures'].items()}
        table = tables.setdefault(result['exam'], [['model', *names.values()]])
        table.append([result['model'], *(_cell(measures, name) for name in names)])
    return tables


def _cell(measures: Measures, name: str) -> str:
    if name not in measures:
        return '–'
    mean, low, high, _ = (value * 100 if name in _SHARES else value for value in measures[name])
    digits = 1 if max(abs(mean), abs(high)) < 1000 else 0
    return f'{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]'


def _change(measures: Measures, name: str) -> str:
    if name not in measures:
        return '–'
    mean, low, high, _ = (value * 100 for value in measures[name])
    return f'{mean:+.0f} [{low:+.0f}, {high:+.0f}]'


def _count(measures: Measures) -> str:
    def of(name: str) -> int:
        return int(measures[name][3]) if name in measures else 0

    return f'{of("valid")}: {of("iou")} boxes, {of("dfd")} traces, {of("absent")} absent'


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return a Markdown table whose columns are in line in a terminal, too."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(cells: list[str]) -> str:
        return '| ' + ' | '.join(c.ljust(w) for c, w in zip(cells, widths, strict=True)) + ' |'

    return [line(head), line(['-' * width for width in widths]), *map(line, rows)]
