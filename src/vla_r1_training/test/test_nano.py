"""The model that is shipped: its size, what it sees, and what it says of scenes it never saw."""

import io
import itertools
import json

import numpy as np
from PIL import Image
import pytest
import torch
from vla_r1_core.errors import ReasonCode
from vla_r1_core.geometry import box_iou
from vla_r1_core.types import Task
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.model_folder import find_model
from vla_r1_perception.reply import ask
from vla_r1_perception.request import Request
from vla_r1_sim.studio import Studio
from vla_r1_training.nano.grow import grow
from vla_r1_training.nano.model import make_nano, PICTURE
from vla_r1_training.render import _rows
from vla_r1_training.runs.models import load_model
from vla_r1_training.scenes.examples import questions_of
from vla_r1_training.scenes.splits import SPLITS

FOLDER = find_model('nano')
SCENES = 60


@pytest.fixture(scope='module')
def reasoner():
    """Return what answers when nobody says which model."""
    return make_reasoner(ReasonerConfig(), '')


@pytest.fixture(scope='module')
def scenes():
    """Return in-domain scenes of a file that nobody else renders, as (picture, question)."""
    with Studio(640, 480) as studio:
        rows = list(itertools.islice(_rows(SPLITS['test'], 900, studio), SCENES))
    return [
        (np.array(Image.open(io.BytesIO(row['image']['bytes'])).convert('RGB')), question)
        for row in rows
        for question in questions_of(0, row)
    ]


def reply_to(reasoner, picture, question):
    request = Request('', question.instruction, question.task, 60.0, lambda text, n: None)
    return ask(reasoner, picture, request, Task(question.task), seed=0)


def test_it_is_small(reasoner):
    assert reasoner.name == 'transformers:nano'
    assert sum(p.numel() for p in reasoner._model.parameters()) <= 16e6
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 32e6


def test_it_is_of_the_kind_that_the_training_makes(tmp_path):
    make_nano(tmp_path / 'new', seed=0)
    model = load_model(tmp_path / 'new', torch.float32)
    grow(model, 4)
    model.config.save_pretrained(tmp_path / 'new')
    for name in ('config.json', 'processor_config.json', 'generation_config.json'):
        ours, new = (json.loads((f / name).read_text()) for f in (FOLDER, tmp_path / 'new'))
        for one in (ours, new):
            one.pop('dtype', None)
            for part in ('text_config', 'vision_config'):
                one.get(part, {}).pop('dtype', None)
        assert ours == new


@pytest.mark.parametrize(('width', 'height'), [(640, 480), (320, 240), (1280, 960), PICTURE])
def test_it_sees_all_of_a_picture_as_in_training(reasoner, width, height):
    answer = reasoner.answer(
        np.zeros((height, width, 3), np.uint8), 'pick', Task.AFFORDANCE, seed=0,
        on_token=lambda text, n: None, should_stop=lambda: False,
    )  # fmt: skip
    assert answer.seen_size == PICTURE


def test_it_boxes_what_is_meant_and_says_what_is_not_there(reasoner, scenes):
    asked = {'box': 0, 'absent': 0}
    right = {'box': 0, 'absent': 0}
    for picture, question in scenes:
        reply = reply_to(reasoner, picture, question)
        assert reply.answer.text.startswith('<think>')
        if question.name is None:
            asked['absent'] += 1
            right['absent'] += bool(
                reply.error and reply.error.code == ReasonCode.OBJECT_NOT_FOUND
            )
        elif question.task == Task.AFFORDANCE and not question.relative:
            asked['box'] += 1
            box = reply.parsed.box if reply.parsed else None
            right['box'] += bool(box and box_iou(box, question.box) > 0.5)
    assert asked['box'] >= 12 and asked['absent'] >= 4
    assert right['box'] >= 0.9 * asked['box'], (right, asked)
    assert right['absent'] >= 0.8 * asked['absent'], (right, asked)
