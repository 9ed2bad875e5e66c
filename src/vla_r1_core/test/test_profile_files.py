"""A user's YAML file declares a profile, and a wrong one is refused with the choices."""

from dataclasses import asdict

import pytest
from vla_r1_core.profiles import load_profile, PROFILES
from vla_r1_core.types import Task
import yaml

BOX = Task.AFFORDANCE


def declared(tmp_path, text):
    path = tmp_path / 'mine.yaml'
    path.write_text(text)
    return load_profile(str(path))


def test_a_yaml_file_declares_a_profile(tmp_path):
    profile = declared(
        tmp_path,
        'grammar: list\nscale: 100\nbox: top_left\nanswer_tags: box\ndigits: 1\n'
        'affordance_prompt: "Box for {instruction}, please."\n',
    )
    assert profile.name == 'mine'
    assert profile.prompt('x', BOX) == '<image>Box for x, please.'
    box = profile.read('<box>[10, 20, 30, 40]</box>', BOX, 640, 480).box
    assert box.corners == pytest.approx((0.1, 0.2, 0.4, 0.6))


@pytest.mark.parametrize('name', PROFILES)
def test_every_profile_can_be_declared_in_yaml(name, tmp_path):
    assert declared(tmp_path, yaml.safe_dump(asdict(PROFILES[name]))) == PROFILES[name]
    assert load_profile(name) is PROFILES[name]


@pytest.mark.parametrize(
    ('text', 'why'),
    [
        ('grammar: yaml', 'grammar is .yaml.; choose one of vla_r1, list, json, xml'),
        ('unit: mm', 'unit is .mm.; choose one of scale, px, smart_px, square_px'),
        ('scales: 3', 'there is no scales; choose from name, grammar, unit, scale'),
        ('scale: big', 'scale is .big.; it must be of type float'),
        ('digits: true', 'digits is True; it must be of type int'),
        ('scale: -1', 'scale is -1.0; it must lie in'),
        ('scale: .nan', 'scale is nan; it must lie in'),
        ('affordance_prompt: Where?', 'must contain {instruction}'),
        ('grammar: json\ntrajectory_prompt: "{instruction}"', 'needs a key for the task TRAJ'),
        ('- 1', 'must consist of lines'),
        ('', 'must consist of lines'),
        ('a: [', 'cannot be read'),
        ('[' * 5000, 'cannot be read'),
        ('a: \x00', 'cannot be read'),
    ],
)
def test_a_wrong_file_is_refused_with_its_reason(text, why, tmp_path):
    with pytest.raises(ValueError, match=why):
        declared(tmp_path, text)


def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match=r"no profile 'gpt'; choose one of vla_r1, qwen2\.5-vl"):
        load_profile('gpt')
    with pytest.raises(ValueError, match='cannot be read'):
        load_profile(str(tmp_path / 'none.yaml'))
