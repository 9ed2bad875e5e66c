r"""Average the weights of two models of one run of training, an earlier and a later one.

    ros2 run vla_r1_training average --first longer/model --second longest/model --share 0.2 \
        --out mean

What was learned later with other data often forgets some of what was known, and their mean keeps
most of both (arXiv 2109.01903). Which share is best, `evaluate` tells. The folder then holds
`model`, config.yaml and run.json, as one of `sft` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
import sys

import torch
from vla_r1_core.config import param
from vla_r1_core.errors import ReasoningError
from vla_r1_perception.model_folder import check_folder, weight_files

from vla_r1_training.command_line import make_parser, read_config
from vla_r1_training.provenance import sha256, write_config, write_run
from vla_r1_training.runs.checkpoints import write_model
from vla_r1_training.runs.models import load_model


@dataclass(frozen=True)
class AverageConfig:
    """Which models, and how much of each."""

    first: str = param('', 'folder of the earlier model')
    second: str = param('', 'folder of the later model')
    share: float = param(0.5, 'of the later one', ge=0.0, le=1.0)
    out: str = param('data/mean', 'folder of the result')


def main(argv: Sequence[str] | None = None) -> int:
    """Average what the command line says."""
    parser = make_parser(__doc__, AverageConfig)
    _, config = read_config(parser, AverageConfig, argv)
    try:
        average(config)
    except (ValueError, ReasoningError) as error:
        parser.error(str(error))
    return 0


def average(config: AverageConfig) -> Path:
    """Return the folder of the mean.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, there is no such model.
        ValueError: the two are not of one architecture, or the folder holds another result.
    """
    folders = [check_folder(config.first), check_folder(config.second)]
    first, second = (load_model(folder, torch.float32) for folder in folders)
    weights, others = first.state_dict(), second.state_dict()
    if {k: v.shape for k, v in weights.items()} != {k: v.shape for k, v in others.items()}:
        raise ValueError(f'{config.first} and {config.second} are models of other sizes')
    mean = {name: torch.lerp(own, others[name], config.share) for name, own in weights.items()}
    second.load_state_dict(mean)
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    write_config(out, config)
    inputs = {str(file): sha256(file) for folder in folders for file in weight_files(folder)}
    write_run(out, seed=None, packages=('vla_r1_training', 'torch', 'transformers'), inputs=inputs)
    write_model(second, folders[1], config, out / 'model')
    return out / 'model'


if __name__ == '__main__':
    sys.exit(main())
