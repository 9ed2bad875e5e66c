"""What people say to the robot: words that are trained on, and words that are kept for the test.

`{it}` is the object, `{way}` where to push, `{goal}` where to put it. The simulator's reader
understands all of them; a test sees to it.
"""

from vla_r1_core.prompt import Intent

SAID = {
    Intent.PICK: (
        'pick up {it}', 'grasp {it}', 'lift {it}', 'grab {it}', 'take {it}', 'pick {it}',
        'Could you pick up {it}?', 'please take {it} from the table', 'get {it} for me',
        'I would like to have {it}.', 'hold {it} up', '{it}, please', 'Please grab {it}.',
        'lift {it} from the table', 'Now pick up {it}.', 'where is {it}?',
    ),
    Intent.REACH: (
        'reach {it}', 'go to {it}', 'move the gripper to {it}', 'Please point at {it}.',
        'approach {it} from above', 'move the arm over {it}', 'Can you reach for {it}?',
        'touch {it}', 'Go to {it}, please.', 'reach for {it}',
    ),
    Intent.PUSH: (
        'push {it} {way}', 'slide {it} {way}, please', 'Could you shove {it} {way}?',
        'move {it} {way}', 'nudge {it} a little {way}', 'Push {it} {way}.',
        'please slide {it} {way}',
    ),
    Intent.PLACE: (
        'put {it} {goal}', 'place {it} {goal}', 'drop {it} {goal}',
        'Could you move {it} {goal}?', 'pick up {it} and put it {goal}',
        'grab {it}, then place it {goal}', 'Put {it} {goal}, please.', 'please drop {it} {goal}',
    ),
}  # fmt: skip
"""Trained on."""

UNHEARD = {
    Intent.PICK: (
        'fetch {it}', 'I need {it} now', 'Would you kindly lift {it} for us?',
        'robot, grasp {it} carefully', 'find {it} and hold it',
    ),
    Intent.REACH: (
        'bring the tip of the tool to {it}', 'follow the shortest way and touch {it}',
        'Would you go over to {it}?', 'point the arm at {it} now',
    ),
    Intent.PUSH: (
        'drag {it} {way} carefully', 'Would you push {it} some way {way}?',
        'robot, shove {it} {way} now',
    ),
    Intent.PLACE: (
        'carry {it} over and drop it {goal}', 'I need {it} put {goal}',
        'Would you kindly place {it} {goal} now?',
    ),
}  # fmt: skip
"""Never trained on."""

WAYS = ('to the left', 'to the right', 'away', 'closer')
GOALS = {
    'bowl': ('in the bowl', 'into the bowl', 'into the dish'),
    'tray': ('on the tray', 'onto the tray', 'onto the plate'),
}
SIDES = ('left of', 'to the left of', 'right of', 'to the right of', 'behind', 'in front of')
DISTANCES = ('nearest to', 'closest to', 'farthest from')
