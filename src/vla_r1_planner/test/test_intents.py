"""What "no, the left one" asks for is what the instruction before it did."""

from vla_r1_core.prompt import Intent
from vla_r1_planner.intents import GOAL_SUFFIX, Intents


def test_an_instruction_without_a_verb_goes_on_with_what_was_asked():
    intents = Intents()
    assert intents.note('a', 'put the cube in the bowl', []) is Intent.PLACE
    assert intents.note('b', 'no, the left one', ['a']) is Intent.PLACE
    assert intents.note('c', 'the other one', ['a', 'b' + GOAL_SUFFIX]) is Intent.PLACE
    assert intents.of('c', 'the other one') is Intent.PLACE
    assert intents.of('c' + GOAL_SUFFIX, 'the other one') is Intent.PLACE
    assert intents.note('d', 'push the ball left', ['c']) is Intent.PUSH


def test_without_context_or_memory_the_words_stand_alone():
    intents = Intents()
    intents.note('a', 'push the cube left', [])
    assert intents.note('b', 'no, the left one', []) is Intent.PICK
    assert intents.note('c', 'no, the left one', ['long ago']) is Intent.PICK
    assert intents.of('unheard', 'push the cube left') is Intent.PUSH


def test_only_the_last_are_remembered():
    intents = Intents()
    for i in range(1000):
        intents.note(str(i), 'push the cube left', [])
    assert intents.note('next', 'the left one', ['0']) is Intent.PICK
    assert intents.note('last', 'the left one', ['999']) is Intent.PUSH
