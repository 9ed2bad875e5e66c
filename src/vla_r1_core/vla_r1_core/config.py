"""One definition per parameter: default, unit, bounds, help.

A node's `config.py` declares a frozen dataclass whose fields are made by `param`; `ros.py` turns
it into ROS parameters, `validate` into errors that name the valid choices.
"""

from dataclasses import field, fields
from typing import Any


def param(
    default: Any,
    help: str,
    *,
    unit: str = '',
    ge: float | None = None,
    le: float | None = None,
    choices: tuple[str, ...] = (),
    dynamic: bool = False,
) -> Any:
    """Declare a parameter: its default, what it does, its unit and its bounds (inclusive).

    A `dynamic` parameter can be changed while the node runs; all others are read-only.
    """
    if isinstance(default, (list, tuple)):
        raise TypeError('use scalar parameters; a list has no bounds')
    metadata = {
        'help': help,
        'unit': unit,
        'ge': ge,
        'le': le,
        'choices': choices,
        'dynamic': dynamic,
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
        if (ge is not None and not value >= ge) or (le is not None and not value <= le):
            low = '-inf' if ge is None else ge
            high = 'inf' if le is None else le
            raise ValueError(f'{f.name} is {value}{unit}; it must lie in [{low}, {high}]{unit}')
