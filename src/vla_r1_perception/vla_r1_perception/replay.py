"""Answer the questions of a bag again, and say what is different.

    ros2 run vla_r1_perception replay BAG
    ros2 run vla_r1_perception replay BAG --model ~/models/newer --out replay.jsonl
    ros2 run vla_r1_perception replay BAG --model ~/models/vla-r1-3b -p dtype:=bfloat16

A bag needs `reasoning` and the colour images, raw or compressed, as the reasoner took them. With
the same model, seed and settings on a CPU every answer is the same to the byte. Ends with 0 if all
answers are the same, 1 if some differ, 2 if nothing could be compared.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields, replace
import difflib
import json
from pathlib import Path
import re
import sys
from textwrap import indent
from typing import Any, TextIO

from tqdm import tqdm
from vla_r1_core.config import validate
from vla_r1_core.errors import AnswerError, ReasonCode, ReasoningError
from vla_r1_core.geometry import box_iou
import yaml

from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.reasoner import Reasoner
from vla_r1_perception.recorded import Recorded, RecordedAnswers, Said
from vla_r1_perception.reply import ask, Reply
from vla_r1_perception.request import Request

_MODELS_OWN = {
    ReasonCode.NONE,
    ReasonCode.OBJECT_NOT_FOUND,
    ReasonCode.MALFORMED_ANSWER,
    ReasonCode.UNSUPPORTED_INSTRUCTION,
    ReasonCode.LOW_CONFIDENCE,
}
"""What depends on image, instruction and model alone; a timeout, for one, does not."""
_BACKENDS = next(f for f in fields(ReasonerConfig) if f.name == 'backend').metadata['choices']


@dataclass(frozen=True)
class Compared:
    """An answer of a bag beside the one of now.

    Attributes:
        verdict: same, different or skipped.
        why: what differs, or why it was skipped; empty when it is the same.
        text: of now.
        code: of now, as in Reasoning.
    """

    verdict: str
    why: str = ''
    text: str = ''
    code: int = 0


def main(argv: Sequence[str] | None = None) -> int:
    """Replay; return the exit status."""
    args = _parser().parse_args(argv)
    try:
        overrides = dict(_parameter(text) for text in args.parameters)
        with RecordedAnswers(args.bag, args.image_topic) as recorded, ExitStack() as stack:
            out = stack.enter_context(args.out.open('w')) if args.out else None
            verdicts = _replay(recorded, args, overrides, out)
    except (OSError, ValueError, ReasoningError) as error:
        sys.stderr.write(f'replay: {error}\n')
        return 2
    except KeyboardInterrupt:
        return 130
    told = ', '.join(f'{verdicts[name]} {name}' for name in ('same', 'different', 'skipped'))
    sys.stdout.write(f'{verdicts.total()} answers: {told}\n')
    if verdicts['different']:
        return 1
    return 0 if verdicts['same'] else 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('bag', type=Path, help='folder or file')
    parser.add_argument('--backend', default='', help='default: that of each recorded answer')
    parser.add_argument('--model', default='', help='likewise; a folder or a name')
    parser.add_argument('--image-topic', default='', help='default: the only one with colours')
    parser.add_argument('--out', type=Path, help='file of JSON lines: both answers of each')
    parser.add_argument(
        '-p', dest='parameters', action='append', default=[], metavar='NAME:=VALUE',
        help='any parameter of the reasoner; it wins over what was recorded',
    )  # fmt: skip
    return parser


def _parameter(text: str) -> tuple[str, Any]:
    """Read 'name:=value', as ROS does.

    Raises:
        ValueError: there is no such parameter, or its value has another type.
    """
    name, found, value = text.partition(':=')
    kinds = {f.name: type(f.default) for f in fields(ReasonerConfig)}
    if not found or name not in kinds:
        raise ValueError(f'-p {text}: write NAME:=VALUE; names are {", ".join(sorted(kinds))}')
    read = yaml.safe_load(value)
    if kinds[name] is float and isinstance(read, int):
        read = float(read)
    if kinds[name] is str:
        read = value
    if type(read) is not kinds[name]:
        raise ValueError(f'-p {text}: {name} is a {kinds[name].__name__}')
    return name, read


def _replay(
    recorded: RecordedAnswers,
    args: argparse.Namespace,
    overrides: dict[str, Any],
    out: TextIO | None,
) -> Counter[str]:
    """Answer all again, tell what differs; return how often there was which verdict."""
    loaded: dict[tuple[str, str, str], Reasoner] = {}
    verdicts: Counter[str] = Counter()
    for record in tqdm(recorded, total=len(recorded), unit=' answers', disable=None):
        said = record.said
        compared = _why_not(record)
        if compared is None:
            backend, _, name = said.model.partition(':')
            config = _config(said, args.backend or backend, overrides)
            key = (args.model or name, config.backend, config.profile)
            if key not in loaded:
                loaded[key] = make_reasoner(config, key[0])
            loaded[key].config = config
            compared = _compare(record, loaded[key], config)
        verdicts[compared.verdict] += 1
        if compared.why:
            tqdm.write(f'{said.request_id} {said.instruction!r}: {compared.verdict}')
            tqdm.write(indent(compared.why, '    '))
        if out:
            out.write(json.dumps({'recorded': asdict(said), 'replayed': asdict(compared)}) + '\n')
    return verdicts


def _config(said: Said, backend: str, overrides: dict[str, Any]) -> ReasonerConfig:
    """Return the settings with which an answer was given.

    Raises:
        ValueError: a value is out of its bounds.
    """
    config = ReasonerConfig(
        backend=backend,
        profile=said.profile,
        seed=said.seed,
        samples=said.samples,
        temperature=said.temperature,
        max_new_tokens=said.max_new_tokens or ReasonerConfig().max_new_tokens,
    )
    config = replace(config, **overrides)
    validate(config)
    return config


def _why_not(record: Recorded) -> Compared | None:
    """Return why an answer cannot be given again, None if it can."""
    backend, code = record.said.model.partition(':')[0], record.said.error_code
    if backend and backend not in _BACKENDS:
        return Compared('skipped', f'it is of the {backend}, not of a model')
    if code not in _MODELS_OWN:
        names = {int(known): known.name for known in ReasonCode}
        return Compared('skipped', f'it ended as {code} ({names.get(code, "unknown")})')
    if record.image is None:
        return Compared('skipped', 'the bag has no colour image with its header that can be read')
    if record.context is None:
        return Compared('skipped', 'the bag lacks what it was reminded of (context)')
    return None


def _compare(record: Recorded, reasoner: Reasoner, config: ReasonerConfig) -> Compared:
    """Answer again.

    Raises:
        ReasoningError: what the model does not decide went wrong.
    """
    said, image = record.said, record.image
    assert image is not None and record.context is not None
    request = Request(
        said.request_id, said.instruction, said.task, config.answer_timeout_s, lambda text, n: None
    )
    now = ask(
        reasoner,
        image,
        request,
        said.task,
        seed=config.seed,
        min_score=config.min_score,
        context=record.context,
    )
    code = int(now.error.code) if now.error else 0
    if now.error and code not in _MODELS_OWN:
        raise now.error
    text = now.answer.text if now.answer else request.text
    if (text, code) == (said.text, said.error_code):
        return Compared('same', '', text, code)
    lines = []
    if code != said.error_code:
        lines.append(f'code {said.error_code} -> {code}')
    if said.weights_sha256 != reasoner.weights_sha256:
        hashes = (said.weights_sha256, reasoner.weights_sha256)
        lines.append('weights ' + ' -> '.join(one[:12] or 'none' for one in hashes))
    lines += _overlap(record, now, reasoner)
    return Compared('different', '\n'.join(lines + _words(said.text, text)), text, code)


def _overlap(record: Recorded, now: Reply, reasoner: Reasoner) -> list[str]:
    """Say how far two boxes are the same, where both answers have one."""
    assert record.image is not None
    height, width = record.image.shape[:2]
    try:
        before = reasoner.profile.read(record.said.text, record.said.task, width, height)
    except AnswerError:
        return []
    if before.box is None or now.parsed is None or now.parsed.box is None:
        return []
    return [f'the boxes overlap by {box_iou(before.box, now.parsed.box):.2f} (IoU)']


def _words(before: str, now: str) -> list[str]:
    """Return the words that are gone, and those that are new."""
    split = [re.findall(r'\S+\s*', text) for text in (before, now)]
    changes = list(difflib.ndiff(split[0], split[1]))
    gone, new = (''.join(line[2:] for line in changes if line[0] == sign).strip() for sign in '-+')
    return [f'- {gone}', f'+ {new}'] if gone or new else []
