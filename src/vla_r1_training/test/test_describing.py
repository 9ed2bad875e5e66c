"""Before it learns tasks a model learns to point at what is named, and to say what is seen."""

from dataclasses import replace
import json

import numpy as np
import pytest
from vla_r1_core.types import Box, Task
from vla_r1_training.exams.judge import judge
from vla_r1_training.scenes.describing import describe
from vla_r1_training.scenes.examples import Asked
from vla_r1_training.scenes.thoughts import Seen
from vla_r1_training.sft import train

CUBE = Seen('red cube', Box(0.7, 0.4, 0.1, 0.12))
BALL = Seen('blue ball', Box(0.25, 0.55, 0.05, 0.07))
TRACE = ((0.9, 0.1), (0.3, 0.4))


def described(count):
    asked = Asked(0, 'push the red cube', Task.TRAJECTORY, 'push red cube', (CUBE, BALL),
                  'red cube', 'left', TRACE)  # fmt: skip
    rng = np.random.default_rng(0)
    return [describe(rng, asked) for _ in range(count)]


def test_a_name_is_answered_by_its_place_and_by_all_that_is_seen():
    said = {q.instruction: answer for q, answer in described(60) if not q.goal}
    assert said['red cube'].startswith('<think> red cube 0.700 0.400 0.100 0.120.</think>')
    assert said['blue ball'].endswith(
        ': blue ball 0.250 0.550 0.050 0.070; red cube 0.700 0.400 0.100 0.120.'
    )
    other = said.keys() - {'red cube', 'blue ball'}
    assert len(other) > 3
    assert all(said[name].startswith('<think> not there.</think> ') for name in other)
    assert not any('push' in answer or 'Target' in answer for answer in said.values())  # no task


def test_its_box_or_a_line_is_put_out_as_the_prompt_asks():
    outputs = {
        (question.task, question.instruction): answer[: answer.index('</output>')]
        for question, answer in described(60)
        if question.name == 'red cube'
    }
    said = '<think> red cube 0.700 0.400 0.100 0.120.'
    output = '</think> so, the answer is <output>'
    assert outputs == {
        (Task.AFFORDANCE, 'red cube'):
            said + output + '{"x": 0.700, "y": 0.400, "width": 0.100, "height": 0.120}',
        (Task.TRAJECTORY, 'red cube'): said + output + '[[ 0.650, 0.400], [ 0.750, 0.400]]',
        (Task.TRAJECTORY, 'red cube to blue ball'):
            f'{said} To: blue ball 0.250 0.550 0.050 0.070.{output}'
            '[[ 0.700, 0.400], [ 0.250, 0.550]]',
    }  # fmt: skip


def test_it_is_judged_as_an_answer_to_an_instruction_is():
    for question, answer in described(20):
        verdict = judge(answer, question)
        if not question.name:
            assert verdict.absent
        elif question.task == Task.AFFORDANCE:
            assert verdict.iou == pytest.approx(1.0) and verdict.named
        else:
            assert verdict.mean == pytest.approx(0.0, abs=1e-6)
        assert not judge(answer[: answer.index('</output>')], question).valid


def test_it_learns_so_and_what_it_sees_is_watched(config, nano):
    chosen = replace(
        config, told=0, contradicted=0, gray=0.0, turned_hues=0.0, describe=True,
        vision=str(nano), views=1, compiled=True, precision='fp32',
    )  # fmt: skip
    for changes, message in (({'vision': ''}, 'set vision'), ({'told': 2}, 'describe: false')):
        with pytest.raises(SystemExit, match=message):
            train(replace(chosen, **changes))
    folder = train(replace(chosen, steps=40, learning_rate=0.003, decay_steps=10, save_every=10))
    log = [json.loads(line) for line in (folder.parent / 'log.jsonl').read_text().splitlines()]
    losses = [row['text'] for row in log if 'text' in row]
    assert losses[-1] < 0.7 * losses[0]
    assert log[-1]['watch'].keys() >= {'iou', 'named', 'valid'}
