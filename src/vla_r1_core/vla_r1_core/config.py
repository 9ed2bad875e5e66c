"""One definition per parameter: default, unit, bounds, help.

A node's `config.py` declares a frozen dataclass whose fields are made by `param`; `ros.py` turns
it into ROS parameters, `validate` into errors that name the valid choices.
"""

from dataclasses import dataclass, field, fields
import re
from typing import Any

_NAME = re.compile('[A-Za-z][A-Za-z0-9_]*')


def param(
    default: Any,
    help: str,
    *,
    unit: str = '',
    ge: float | None = None,
    le: float | None = None,
    choices: tuple[str, ...] = (),
    names_topics: bool = False,
    dynamic: bool = False,
    when_unconfigured: bool = False,
) -> Any:
    """Declare a parameter: its default, what it does, its unit and its bounds (inclusive).

    What `names_topics` becomes the first part of topics' names, unless it is empty.

    A `dynamic` parameter can be changed while the node runs, one with `when_unconfigured` while a
    lifecycle node is unconfigured; all others are read-only.
    """
    if isinstance(default, (list, tuple)):
        raise TypeError('use scalar parameters; a list has no bounds')
    metadata = {
        'help': help,
        'unit': unit,
        'ge': ge,
        'le': le,
        'choices': choices,
        'names_topics': names_topics,
        'dynamic': dynamic,
        'when_unconfigured': when_unconfigured,
    }
    return field(default=default, metadata=metadata)


def validate(config: Any) -> None:
    """Raise ValueError naming the first field that is out of its bounds and what is allowed."""
    for f in fields(config):
        value = getattr(config, f.name)
        ge, le, choices = f.metadata['ge'], f.metadata['le'], f.metadata['choices']
        unit = f' {f.metadata["unit"]}' if f.metadata['unit'] else ''
        if choices and value not in choices:
            raise ValueError(f'{f.name} is {value!r}; choose one of {", ".join(choices)}')
        if f.metadata['names_topics'] and value and not _NAME.fullmatch(value):
            raise ValueError(
                f'{f.name} is {value!r}, but begins the names of topics; write letters, digits '
                'and _, a letter first'
            )
        if (ge is not None and not value >= ge) or (le is not None and not value <= le):
            low = '-inf' if ge is None else ge
            high = 'inf' if le is None else le
            raise ValueError(f'{f.name} is {value}{unit}; it must lie in [{low}, {high}]{unit}')


@dataclass(frozen=True)
class RewardConfig:
    """What an answer earns; see `vla_r1_core.rewards`. The defaults are the published values."""

    mode: str = param(
        'strict',
        'strict: what cannot be gamed; paper: the published formulas, to compare with',
        choices=('strict', 'paper'),
    )
    affordance_weight: float = param(0.9, 'share of the box, where there is one', ge=0.0)
    trajectory_weight: float = param(0.9, 'share of the trace, where there is one', ge=0.0)
    absence_weight: float = param(0.9, 'share of null, where the object is absent', ge=0.0)
    format_weight: float = param(0.1, 'share of the form', ge=0.0)
    angle_weight: float = param(
        0.25, "distance of two directions (the paper's λθ)", unit='1/rad', ge=0.0
    )
    length_weight: float = param(
        0.10, "distance of two lengths, per factor of e (the paper's λr)", ge=0.0
    )
    trajectory_scale: float = param(
        0.25, 'strict: the distance at which a trace earns 1/e of its share', ge=1e-6
    )
    trajectory_samples: int = param(
        16, 'strict: points at even distances along a trace that are compared', ge=2, le=1024
    )
