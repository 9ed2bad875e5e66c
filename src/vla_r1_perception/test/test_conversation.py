"""What was said before completes "no, the left one"."""

import numpy as np
import pytest
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.geometry import box_iou
from vla_r1_core.profiles import PROFILES
from vla_r1_core.prompt import Intent
from vla_r1_core.types import Box, Task
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.conversation import Conversation, Exchange, intent_of
from vla_r1_perception.phrase import Command, Phrase
from vla_r1_perception.profile import messages
from vla_r1_perception.reply import ask, exchange_of
from vla_r1_perception.request import Request
from vla_r1_perception.scripted import ScriptedReasoner
from vla_r1_perception.words import understand

PICK_RED_CUBE = Command(Intent.PICK, Phrase('red', 'cube'))
PLACE = (0.3, 0.4)


def exchange(request_id, instruction, task=Task.AFFORDANCE):
    return Exchange(request_id, instruction, task, f'{instruction}?', f'{instruction}!')


def ids(turns, task):
    return [turn.exchange(task).request_id for turn in turns]


def test_as_many_turns_are_remembered_as_are_asked_for():
    talk = Conversation()
    for request_id, instruction in (('a', 'pick the cube'), ('b', 'the left one'), ('c', 'no')):
        talk.note(exchange(request_id, instruction))
    for count, expected in ((0, []), (1, ['c']), (2, ['b', 'c']), (9, ['a', 'b', 'c'])):
        assert ids(talk.before('new', Task.AUTO, count), Task.AFFORDANCE) == expected
    talk.clear()
    assert talk.before('new', Task.AUTO, 9) == []


def test_the_second_question_about_an_instruction_is_no_new_turn():
    talk = Conversation()
    talk.note(exchange('a', 'put the cube in the bowl'))
    assert talk.before('put the cube in the bowl', Task.TRAJECTORY, 1) == []
    talk.note(exchange('a-goal', 'put the cube in the bowl', Task.TRAJECTORY))
    turns = talk.before('the other one', Task.AFFORDANCE, 5)
    assert ids(turns, Task.AFFORDANCE) == ['a'] and ids(turns, Task.TRAJECTORY) == ['a-goal']
    # The same words again are a new instruction.
    assert ids(talk.before('put the cube in the bowl', Task.AUTO, 5), Task.AFFORDANCE) == ['a']
    talk.note(exchange('b', 'the other one'))
    assert ids(talk.before('the other one', Task.TRAJECTORY, 1), Task.TRAJECTORY) == ['a-goal']
    assert ids(talk.before('the other one', Task.AFFORDANCE, 1), Task.TRAJECTORY) == ['b']


def test_an_instruction_without_a_verb_asks_for_what_the_last_one_did():
    talk = Conversation()
    assert intent_of(talk.before('the left one', Task.AUTO, 1)) is Intent.PICK
    talk.note(exchange('a', 'push the cube away', Task.TRAJECTORY))
    talk.note(exchange('b', 'no, the red one', Task.TRAJECTORY))
    assert intent_of(talk.before('the left one', Task.AUTO, 1)) is Intent.PUSH


@pytest.mark.parametrize(
    ('instruction', 'target'),
    [
        ('no, the left one', Phrase('red', 'cube', 'leftmost')),
        ('No, the blue one please', Phrase('blue', 'cube')),
        ('not that one, the one on the right', Phrase('red', 'cube', 'rightmost')),
        ('the other one', Phrase(None, 'cube', not_at=PLACE, rather='red')),
        ('the other red one', Phrase('red', 'cube', not_at=PLACE)),
        ('no, I meant the other cube', Phrase(None, 'cube', not_at=PLACE)),
        ('take the other one instead', Phrase(None, 'cube', not_at=PLACE, rather='red')),
        ('the other object', Phrase(not_at=PLACE)),
        ('no, the ball', Phrase(None, 'ball')),
        ('not that red one, the blue one', Phrase('blue', 'cube', excluded=Phrase('red'))),
    ],
)
def test_words_are_completed_by_those_before(instruction, target):
    assert understand(instruction, PICK_RED_CUBE, PLACE) == Command(Intent.PICK, target)


def test_way_and_goal_are_those_of_before_unless_others_are_said():
    push = understand('push the red cube to the left')
    blue = Phrase('blue', 'cube')
    assert understand('no, the blue one', push) == Command(Intent.PUSH, blue, 'left')
    assert understand('the blue one to the right', push) == Command(Intent.PUSH, blue, 'right')
    put = understand('put the red cube in the bowl')
    assert understand('no, the blue one', put).goal == Phrase(None, 'bowl')
    assert understand('the blue one onto the tray', put).goal == Phrase(None, 'tray')
    with pytest.raises(ReasoningError, match='which way'):  # a verb begins anew
        understand('push the blue one', push)


@pytest.mark.parametrize(
    'instruction', ['no', 'no, stop', 'not the red one', "no, don't", 'not that left one']
)
def test_what_corrects_without_naming_another_is_refused(instruction):
    with pytest.raises(ReasoningError) as caught:
        understand(instruction, PICK_RED_CUBE, PLACE)
    assert caught.value.code == ReasonCode.UNSUPPORTED_INSTRUCTION


@pytest.mark.parametrize('instruction', ['the other one', 'the other cube'])
def test_of_what_was_not_found_there_is_no_other(instruction):
    with pytest.raises(ReasoningError, match='other') as caught:
        understand(instruction, PICK_RED_CUBE, None)
    assert caught.value.code == ReasonCode.UNSUPPORTED_INSTRUCTION


def talk_about(picture, *instructions, count=1):
    """Return the replies of the scripted backend to one instruction after the other."""
    talk, replies = Conversation(), []
    for i, (instruction, task) in enumerate(instructions):
        request = Request(str(i), instruction, task, 60.0, lambda *_: None)
        context = [turn.exchange(task) for turn in talk.before(instruction, task, count)]
        replies.append(
            ask(ScriptedReasoner(), picture.rgb, request, task, seed=0, context=context)
        )
        talk.note(exchange_of(request, replies[-1]))
    return replies


def assert_boxed(reply, picture, name):
    assert reply.error is None, reply.error
    assert box_iou(reply.parsed.box, Box.from_corners(*picture.corners[name])) > 0.8


def test_what_was_not_clear_is_made_clear_and_corrected(picture):
    unclear, near, other, again = talk_about(
        picture,
        ('pick up the ball', Task.AFFORDANCE),
        ('the nearest one', Task.AFFORDANCE),
        ('no, the other one', Task.AFFORDANCE),
        ('no, the other one', Task.AFFORDANCE),
        count=4,
    )
    assert unclear.error.code == ReasonCode.UNSUPPORTED_INSTRUCTION
    assert_boxed(near, picture, 'red ball')
    assert_boxed(other, picture, 'yellow ball')
    assert_boxed(again, picture, 'red ball')
    assert [e.request_id for e in again.context] == ['0', '1', '2']


@pytest.mark.parametrize('first', ['push the red ball to the left', 'reach the red ball'])
def test_after_a_trace_the_other_one_is_not_what_it_was_for(picture, first):
    done, other = talk_about(
        picture, (first, Task.TRAJECTORY), ('pick up the other ball', Task.AFFORDANCE)
    )
    assert done.error is None
    assert_boxed(other, picture, 'yellow ball')


def test_the_other_one_is_rather_of_the_same_colour(draw):
    drawn = draw().add('red cube', (70, 80), 26).add('blue cube', (230, 80), 26)
    pick = ('pick up the leftmost red cube', Task.AFFORDANCE), ('the other one', Task.AFFORDANCE)
    assert_boxed(talk_about(drawn, *pick)[1], drawn, 'blue cube')
    both = draw().add('blue cube', (150, 170), 26).add('red cube', (70, 80), 26)
    both.add('red cube', (230, 80), 26)
    assert_boxed(talk_about(both, *pick)[1], both, 'red cube')


def test_without_context_it_is_refused(picture):
    _, other = talk_about(
        picture,
        ('pick up the red ball', Task.AFFORDANCE),
        ('the other one', Task.AFFORDANCE),
        count=0,
    )
    assert other.error.code == ReasonCode.UNSUPPORTED_INSTRUCTION and other.context == ()


@pytest.mark.parametrize('profile', [PROFILES['vla_r1'], PROFILES['qwen3-vl']])
def test_a_model_reads_what_was_said_before_and_sees_the_new_image_only(profile):
    asked = profile.prompt('pick up the cube', Task.AFFORDANCE)
    before = Exchange('a', 'pick up the cube', Task.AFFORDANCE, asked, 'a box')
    unclear = Exchange('b', 'hm', Task.AFFORDANCE, 'hm', '')
    new = profile.prompt('the other one', Task.AFFORDANCE)
    chat = messages(profile, new, {'type': 'image'}, (before, unclear))
    assert [turn['role'] for turn in chat] == ['user', 'assistant', 'user']
    assert 'pick up the cube' in chat[0]['content'][0]['text']
    assert '<image>' not in str(chat)
    assert chat[1]['content'] == [{'type': 'text', 'text': 'a box'}]
    assert chat[2:] == messages(profile, new, {'type': 'image'})
    kinds = [[part['type'] for part in turn['content']] for turn in chat]
    assert sorted(kinds[2]) == ['image', 'text'] and kinds[:2] == [['text'], ['text']]


def test_a_real_model_is_given_the_whole_chat(tiny_model):
    reasoner = make_reasoner(
        ReasonerConfig(backend='transformers', max_new_tokens=2, warm_up=False), str(tiny_model)
    )
    before = Exchange('a', 'pick up the cube', Task.AFFORDANCE, 'where is it? <image>', 'a box')

    def prompt_tokens(context):
        return reasoner.answer(
            np.zeros((120, 160, 3), np.uint8), 'the other one', Task.AFFORDANCE, seed=0,
            on_token=lambda *_: None, should_stop=lambda: False, context=context,
        ).prompt_tokens  # fmt: skip

    assert (
        prompt_tokens((before, before)) - prompt_tokens((before,))
        == (prompt_tokens((before,)) - prompt_tokens(()))
        > 8
    )


def test_the_node_understands_it_when_told_to(start, picture):
    client = start('context:=1')
    client.show(picture.rgb)
    first = client.instruct('push the red ball to the left')
    second = client.instruct('no, the yellow one')
    assert second.error_code == ReasonCode.NONE, second.error_msg
    assert second.task == Task.TRAJECTORY
    assert list(first.context) == [] and list(second.context) == [first.request_id]
    assert 'push it left' in second.thought and 'yellow ball' in second.thought
