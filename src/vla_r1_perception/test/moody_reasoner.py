"""The reasoner node with a backend that behaves as the instruction says: slow, raise, ..."""

import time

from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.ros import run
from vla_r1_core.types import Answer
from vla_r1_perception.reasoner_node import ReasonerNode
from vla_r1_perception.scripted import ScriptedReasoner


def answer_at(x):
    """Return the text of a box."""
    box = f'{{"x": {x}, "y": 0.5, "width": 0.1, "height": 0.1}}'
    return f'<think>at {x}</think><output>{box}</output>'


class MoodyReasoner(ScriptedReasoner):
    """Scripted, but for the words 'slow', 'deaf', 'raise', 'bug', 'garbage' and 'torn'."""

    def answer(self, image, instruction, task, *, on_token, should_stop, **options):
        """Answer, or misbehave."""
        if instruction == 'raise':
            on_token('<think>so far', 2)
            raise ZeroDivisionError('in the middle')
        if instruction == 'bug':
            return Answer(prompt='\ud800', text='no message can hold this prompt')
        if instruction == 'garbage':
            return Answer(prompt='p', text='<think>a</think><output>{"x": NaN}</output>')
        if instruction == 'torn':
            return Answer(prompt='p', text=answer_at(0.2), others=(answer_at(0.8), answer_at(0.8)))
        if instruction == 'deaf':
            on_token('<think>so far', 2)
            time.sleep(2.0)
            on_token('<think>too late', 3)
        if instruction == 'slow':
            for n in range(1, 1000):
                if should_stop():
                    raise ReasoningError(ReasonCode.CANCELED, 'the answer was stopped')
                on_token('tick ' * n, n)
                time.sleep(0.02)
        return super().answer(
            image, instruction, task, on_token=on_token, should_stop=should_stop, **options
        )


class MoodyNode(ReasonerNode):
    """Loads the moody backend; the models 'broken' and 'bug' do not load."""

    def load_reasoner(self, model):
        """Return a backend named after the model."""
        if model == 'broken':
            raise ReasoningError(ReasonCode.MODEL_NOT_LOADED, 'broken is not a model')
        if model == 'heavy':
            time.sleep(4.0)
        if model == 'bug':
            raise ZeroDivisionError('while loading')
        reasoner = MoodyReasoner()
        reasoner.name = f'moody:{model}'
        reasoner.weights_sha256 = model * 2
        return reasoner


if __name__ == '__main__':
    run(MoodyNode)
