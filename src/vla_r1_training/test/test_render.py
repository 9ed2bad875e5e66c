"""Rendered files hold true questions, are the same every time, and keep the splits apart."""

import io

import numpy as np
from PIL import Image
import pyarrow.parquet as pq
import pytest
from vla_r1_core.types import Box, Task
from vla_r1_sim.instruction import read
from vla_r1_sim.studio import Studio
from vla_r1_training.render import CAMERA, render
from vla_r1_training.scenes.examples import load_scenes
from vla_r1_training.scenes.phrases import SAID, UNHEARD
from vla_r1_training.scenes.questions import draw_scene
from vla_r1_training.scenes.splits import LOOK, SPLITS, UNSEEN

SCENES = 12


@pytest.fixture(scope='module')
def drawn():
    """Return, for each split, (scene, questions) of some seeds."""
    found = {}
    with Studio(*CAMERA) as studio:
        for name, split in SPLITS.items():
            seeds = range(split.first_seed, split.first_seed + 40)
            found[name] = [d for seed in seeds if (d := draw_scene(split, seed, studio))]
    return found


@pytest.fixture
def small(monkeypatch):
    """Make files of few scenes."""
    monkeypatch.setattr('vla_r1_training.render.PER_FILE', SCENES)


def kinds(scene):
    return {(o.color, o.shape) for o in scene.objects}


def test_most_seeds_give_a_scene(drawn):
    assert all(len(scenes) >= 30 for scenes in drawn.values())


def test_unseen_pairs_are_neither_shown_nor_named_in_training(drawn):
    for split in ('train', 'test'):
        for scene, questions in drawn[split]:
            assert not kinds(scene) & set(UNSEEN)
            for question in questions:
                target = read(question.instruction).target
                assert (target.color, target.shape) not in UNSEEN


def test_out_of_domain_is_unseen_in_every_way(drawn):
    for scene, (question,) in drawn['unseen']:
        if question.name:
            assert tuple(question.name.split('_')) in UNSEEN
        assert scene.surface not in LOOK.surfaces
        assert not {piece.kind for piece in scene.clutter} & set(LOOK.clutter)
        height, spread = scene.camera.position[2], LOOK.camera_spread[2]
        assert abs(height - LOOK.camera[2]) > spread
    said = {say for words in SAID.values() for say in words}
    assert not said & {say for words in UNHEARD.values() for say in words}


def test_answers_are_about_what_is_there(drawn):
    for scene, questions in drawn['train']:
        names = {item.name for item in scene.things}
        for question in questions:
            assert question.name is None or question.name in names
            assert (len(question.trace) >= 2) == (
                question.task == Task.TRAJECTORY and question.name is not None
            )
    asked = [q for _, questions in drawn['train'] for q in questions]
    assert 0.1 < np.mean([q.name is None for q in asked]) < 0.4


def test_seeds_of_splits_are_far_apart():
    first = sorted(split.first_seed for split in SPLITS.values())
    assert np.diff(first).min() >= 1_000_000_000


def test_a_file_is_the_same_every_time_with_any_jobs_and_not_drawn_again(tmp_path, small):
    (file,) = render('test', SCENES, tmp_path / 'a')
    before = file.stat().st_mtime_ns
    first, _ = render('test', 2 * SCENES, tmp_path / 'a')
    assert first.stat().st_mtime_ns == before
    again = render('test', 2 * SCENES, tmp_path / 'b', jobs=2)
    for one, other in zip(render('test', 2 * SCENES, tmp_path / 'a'), again, strict=True):
        assert pq.read_table(one).equals(pq.read_table(other))


def test_a_box_is_where_its_colour_is(tmp_path, small):
    files = render('train', SCENES, tmp_path)
    scenes = load_scenes(files, (448, 336))
    rows = pq.read_table(files[0]).to_pylist()
    assert len(scenes.questions) == SCENES and scenes.pictures.shape == (SCENES, 336, 448, 3)
    kept = Image.open(io.BytesIO(rows[0]['image']['bytes']))
    np.testing.assert_array_equal(scenes.pictures[0], np.asarray(kept))
    channel = {'red': 0, 'blue': 2}
    checked = 0
    for picture, questions in zip(scenes.pictures, scenes.questions, strict=True):
        for thing in questions[0].things:
            color = thing.name.split()[0]
            if color not in channel:
                continue
            x, y, _, _ = Box.to_px(thing.box, 448, 336)
            assert picture[round(y), round(x)].argmax() == channel[color]
            checked += 1
    assert checked > 5
