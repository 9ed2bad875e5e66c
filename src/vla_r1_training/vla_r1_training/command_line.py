"""One command line for all commands: each field of a config is an option, and a key in YAML."""

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from vla_r1_core.config import validate
import yaml

ConfigT = TypeVar('ConfigT')


def make_parser(doc: str | None, config_class: type[Any]) -> argparse.ArgumentParser:
    """Return a parser with `--config FILE.yaml` and an option for every field of a config."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--config', type=Path, metavar='FILE.yaml', help='parameters; options below win over it'
    )
    group = parser.add_argument_group('parameters')
    for f in fields(config_class):
        meta = f.metadata
        unit = f' [{meta["unit"]}]' if meta['unit'] else ''
        options: dict[str, Any] = {
            'default': None,
            'help': f'{meta["help"]}{unit} (default: {f.default!r})'.replace('%', '%%'),
        }
        if isinstance(f.default, bool):
            options['action'] = argparse.BooleanOptionalAction
        else:
            options |= {'type': type(f.default), 'choices': meta['choices'] or None}
            options['metavar'] = None if meta['choices'] else type(f.default).__name__.upper()
        group.add_argument('--' + f.name.replace('_', '-'), dest=f.name, **options)
    return parser


def read_config(
    parser: argparse.ArgumentParser,
    config_class: type[ConfigT],
    argv: Sequence[str] | None = None,
) -> tuple[argparse.Namespace, ConfigT]:
    """Return the other arguments and the config; exit with a message if something is wrong."""
    args = parser.parse_args(argv)
    names = [f.name for f in fields(config_class)]  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    if args.config:
        try:
            values = yaml.safe_load(args.config.read_text()) or {}
        except (OSError, yaml.YAMLError) as error:
            parser.error(f'--config: {error}')
        if unknown := sorted(set(values) - set(names)):
            parser.error(
                f'{args.config} has {", ".join(unknown)}; it may have {", ".join(sorted(names))}'
            )
    values |= {name: v for name in names if (v := getattr(args, name)) is not None}
    try:
        config = config_class(**values)
        validate(config)
    except (TypeError, ValueError) as error:
        parser.error(str(error))
    return args, config
