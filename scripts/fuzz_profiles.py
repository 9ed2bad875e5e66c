#!/usr/bin/env python3
"""Feed mutated answers to every profile's reader, led by coverage, until something breaks.

    pip install atheris && . ./env.sh && python scripts/fuzz_profiles.py -max_total_time=600

Arguments are libFuzzer's. It begins with what the profiles write. An exception other than
AnswerError ends it, and leaves the text in a file crash-*. Not part of CI, where
test_profiles_hostile.py does a little of this.
"""

from pathlib import Path
import sys
import tempfile

try:
    import atheris
except ImportError:
    sys.exit('atheris is not installed: pip install atheris')

with atheris.instrument_imports(include=['vla_r1_core']):
    from vla_r1_core.errors import AnswerError
    from vla_r1_core.profiles import PROFILES
    from vla_r1_core.types import Box, ParsedAnswer, Task, Trajectory2D

FAMILIES = list(PROFILES.values())
TASKS = (Task.AFFORDANCE, Task.TRAJECTORY)
ANSWERS = (
    ParsedAnswer(Task.AFFORDANCE, 'a thought', box=Box(0.5, 0.4, 0.3, 0.2)),
    ParsedAnswer(Task.AFFORDANCE, 'a thought'),
    ParsedAnswer(Task.TRAJECTORY, 'a', trajectory=Trajectory2D(((0.1, 0.2), (0.7, 0.9)))),
)
WORDS = (
    *'[](){},:"', '0.5', '100', '1e999', 'NaN', 'null', '```json', 'é', '٣', '\ufffd', '\0',
    '"bbox_2d"', '"box_2d"', '"point_2d"', '"point"', ': [1, 2, 3, 4]', '"label": "a"',
    '<point', '<points', ' x="1"', ' y="1"', ' x1="1"', ' y1="1"', ' x2="2"', ' y2="2"', ' a="b"',
    '<think>', '</think>', '<rethink>', '</rethink>', '<answer>', '</answer>', '<ans>', '</ans>',
    '<output>', '</output>', '<action>Close Gripper</action>',
    'The trajectory of the end effector is', 'There are none.',
)  # fmt: skip


def text_of(data: bytes) -> str:
    """Return ASCII as it is, and a word for each other byte: a few flips make a new sentence."""
    return ''.join(chr(b) if b < 128 else WORDS[b % len(WORDS)] for b in data)


def read(data: bytes) -> None:
    """Read one text; the first byte chooses family and task."""
    if not data:
        return
    profile = FAMILIES[data[0] // 2 % len(FAMILIES)]
    try:
        answer = profile.read(text_of(data[1:]), TASKS[data[0] % 2], 640, 480)
    except AnswerError:
        return
    if answer.box and not (answer.box.width > 0 and answer.box.height > 0):
        raise RuntimeError(f'{profile.name} reads an empty box: {answer.box}')
    points = answer.trajectory.points if answer.trajectory else ()
    if any(not 0 <= value <= 1 for point in points for value in point):
        raise RuntimeError(f'{profile.name} reads points outside the image: {points}')


def write_corpus(folder: Path) -> None:
    """Write what the profiles write, a file each."""
    for number, profile in enumerate(FAMILIES):
        prompts = (profile.affordance_prompt, profile.trajectory_prompt)
        for i, answer in enumerate(ANSWERS):
            task = TASKS.index(answer.task)
            if prompts[task]:
                text = profile.write(answer, 640, 480).encode()
                Path(folder, f'{profile.name}-{i}').write_bytes(bytes([2 * number + task]) + text)


def main() -> None:
    """Fuzz until told to stop."""
    with tempfile.TemporaryDirectory() as folder:
        write_corpus(Path(folder))
        atheris.Setup([*sys.argv, folder], read)
        atheris.Fuzz()


if __name__ == '__main__':
    main()
