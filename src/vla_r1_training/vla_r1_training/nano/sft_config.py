"""Settings of SFT; one YAML file."""

from dataclasses import dataclass

from vla_r1_core.config import param


@dataclass(frozen=True)
class SftConfig:
    """A run; one YAML file."""

    model: str = param('', 'folder to start from; "" starts the nano model anew')
    vision: str = param(
        '', 'folder of a model whose vision encoder is taken and stays as it is; "": its own'
    )
    views: int = param(
        0,
        'views of each picture, which that encoder looks at once; 0: another at every draw',
        ge=0,
    )
    grow: int = param(
        0, 'more blocks of the language model, which alone are trained; 0: all are', ge=0
    )
    blocks: str = param(
        '',
        'of the language model that alone are trained, counted from 0, with spaces; "": all are',
    )
    scenes: str = param('data/scenes', 'folder with rendered train-*.parquet')
    files: int = param(40, 'how many of them; the first is held back to watch', ge=2)
    examples: int = param(0, 'questions that are learned from, the first; 0: all', ge=0)
    out: str = param('data/nano/sft', 'folder of the run')
    seed: int = param(0, 'of weights, words and order', ge=0)
    precision: str = param('bf16', 'of the matrix products', choices=('fp32', 'bf16'))
    compiled: bool = param(
        False, 'whether its blocks are compiled: a minute and a C++ compiler, then faster'
    )
    describe: bool = param(
        False, 'whether it is taught to point at what is named and to say what is seen, no tasks'
    )
    thought: bool = param(True, 'whether it is taught to think before it answers')
    steps: int = param(12000, 'optimizer steps', ge=1)
    batch_size: int = param(32, 'questions of a process in a step, one per picture', ge=1)
    told: int = param(
        0, 'more questions of a process in a step, without a picture: what is seen is told', ge=0
    )
    contradicted: int = param(
        0, 'more of them, about pictures in which other things are seen than is told', ge=0
    )
    picture_weight: float = param(1.0, 'of answers about pictures beside told ones', ge=0.0)
    contradicted_weight: float = param(1.0, 'of those beside those without a picture', ge=0.0)
    number_weight: float = param(1.0, 'of a told coordinate beside a word', ge=0.0)
    before: str = param(
        '', 'folder of a model: where it is right, its probabilities are learned; "": of none'
    )
    name_weight: float = param(1.0, 'of the odds of names in the list', ge=0.0)
    expected: float = param(
        0.0,
        'by how much likelier than by `before` a thing is listed in the shape asked for',
        unit='nats',
        ge=0.0,
    )
    expected_color: float = param(0.0, 'the same of its colour', unit='nats', ge=0.0)
    learning_rate: float = param(0.002, 'highest', ge=0.0)
    warmup_steps: int = param(100, 'until the rate is highest', ge=0)
    decay_steps: int = param(6000, 'at the end, while the rate falls to 0', ge=0)
    hint_weight: float = param(0.5, 'of what the visual tokens are asked; 0: they are not', ge=0.0)
    misnamed: float = param(
        0.4, 'share of the pictures whose things it believes to have misnamed', ge=0.0, le=1.0
    )
    gray: float = param(
        0.1, 'share of the pictures that lose their colours; as many become paler', ge=0.0, le=0.5
    )
    turned_hues: float = param(
        0.2, 'share of the pictures that are shown in other colours', ge=0.0, le=1.0
    )
    unknown_verbs: float = param(
        0.3, 'share of the instructions whose verbs are made-up words', ge=0.0, le=1.0
    )
    relations: float = param(
        0.4, 'share of the scenes that are asked by a relation, if they can be', ge=0.0, le=1.0
    )
    compared: float = param(
        0.0, 'share of the pictures that are asked how their things lie', ge=0.0, le=1.0
    )
    related: float = param(
        0.0, 'share of the told lists that are asked so, things named anew', ge=0.0, le=1.0
    )
    smooth_from: float = param(
        15.0, 'how far a coordinate may be off at first', unit='1/1000 of the picture', ge=0.0
    )
    smooth_steps: int = param(6000, 'until only the exact coordinate is right', ge=1)
    save_every: int = param(100, 'steps', ge=1)
    watch_every: int = param(500, 'steps', ge=1)
