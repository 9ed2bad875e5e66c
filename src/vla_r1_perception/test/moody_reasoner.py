"""The reasoner node with a backend that behaves as the instruction says: slow, raise, ..."""

import time

from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.ros import run
from vla_r1_core.types import Answer
from vla_r1_perception.reasoner_node import ReasonerNode
from vla_r1_perception.scripted import ScriptedReasoner


class MoodyReasoner(ScriptedReasoner):
    """Scripted, but for the words 'slow', 'raise', 'bug' and 'garbage'."""

    def answer(self, image, instruction, task, *, seed, on_token, should_stop):
        """Answer, or misbehave."""
        if instruction == 'raise':
            on_token('<think>so far', 2)
            raise ZeroDivisionError('in the middle')
        if instruction == 'bug':
            return Answer(prompt='\ud800', text='no message can hold this prompt')
        if instruction == 'garbage':
            return Answer(prompt='p', text='<think>a</think><output>{"x": NaN}</output>')
        if instruction == 'slow':
            for n in range(1, 1000):
                if should_stop():
                    raise ReasoningError(ReasonCode.CANCELED, 'the answer was stopped')
                on_token('tick ' * n, n)
                time.sleep(0.02)
        return super().answer(
            image, instruction, task, seed=seed, on_token=on_token, should_stop=should_stop
        )


class MoodyNode(ReasonerNode):
    """Loads the moody backend; the model 'broken' does not load."""

    def load_reasoner(self, model):
        """Return a backend named after the model."""
        if model == 'broken':
            raise ReasoningError(ReasonCode.MODEL_NOT_LOADED, 'broken is not a model')
        reasoner = MoodyReasoner()
        reasoner.name = f'moody:{model}'
        reasoner.weights_sha256 = model * 2
        return reasoner


if __name__ == '__main__':
    run(MoodyNode)
