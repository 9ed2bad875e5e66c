"""Conversations in ShareGPT's form, as LLaMA-Factory and others take them; to and from rows.

    {"conversations": [{"from": "human", "value": "... <image>"}, {"from": "gpt", "value": "..."}],
     "images": ["images/0.png"]}

Reading knows OpenAI's words, too: "messages" with "role" and "content".
"""

from typing import Any

from vla_r1_core.config import RewardConfig
from vla_r1_core.errors import AnswerError
from vla_r1_core.output import parse
from vla_r1_core.prompt import build_prompt, IMAGE_MARKER
from vla_r1_core.rewards import grade, read_target
from vla_r1_core.types import Task

from vla_r1_training.formats.dataset import Row
from vla_r1_training.labels.stated import payload_of

_TASKS = (Task.AFFORDANCE, Task.TRAJECTORY)
_SUFFIXES = {task: build_prompt('', task).removesuffix(IMAGE_MARKER).strip() for task in _TASKS}


def conversation(row: Row, image: str, *, least_reward: float, without_thought: bool) -> Any:
    """Return a row as a conversation, None when there is no answer to teach.

    Args:
        row: of a dataset.
        image: path of its picture.
        least_reward: that a recorded answer earns, to be taught.
        without_thought: whether to teach true answers that have no thought.
    """
    answer = taught(row, least_reward)
    if answer is None and without_thought and row['ground_truth'] is not None:
        answer = f'<output>{row["ground_truth"]}</output>'
    if answer is None:
        return None
    turns = [
        {'from': 'human', 'value': one_image(row['prompt'])},
        {'from': 'gpt', 'value': answer},
    ]
    return {'conversations': turns, 'images': [image], 'id': row['id']}


def one_image(prompt: str) -> str:
    """Return a prompt in which the image stands once, whatever the instruction says."""
    return prompt.replace(IMAGE_MARKER, '').rstrip() + '\n' + IMAGE_MARKER


def taught(row: Row, least_reward: float) -> str | None:
    """Return the recorded answer if it earns enough."""
    if row['answer'] is None or row['ground_truth'] is None:
        return None
    target = read_target(row['ground_truth'], row['task'])
    earned = grade([row['answer']], [target], RewardConfig()).score[0]
    return str(row['answer']) if earned >= least_reward else None


def read_conversation(entry: Any) -> Row:
    """Return a conversation as a row, without its image.

    Raises:
        ValueError: it has no question and answer, or the answer cannot be read.
    """
    question, answer = _turns(entry)
    task = _task_of(question, answer)
    try:
        parsed = parse(answer, task)
    except AnswerError as error:
        raise ValueError(f'its answer cannot be read: {error}') from error
    instruction = question.replace(IMAGE_MARKER, ' ').replace(_SUFFIXES[task], ' ')
    return {
        'id': str(entry.get('id', '')),
        'instruction': ' '.join(instruction.split()),
        'task': task.name.lower(),
        'prompt': build_prompt(' '.join(instruction.split()), task),
        'ground_truth': payload_of(parsed),
        'label_source': 'sharegpt',
        'answer': answer,
        'well_formed': True,
    }


def image_of(entry: Any) -> str:
    """Return the path of a conversation's only image.

    Raises:
        ValueError: it has none, or several.
    """
    images = entry.get('images', entry.get('image'))
    if isinstance(images, str):
        return images
    if not isinstance(images, list) or len(images) != 1:
        raise ValueError('it needs one image')
    return str(images[0])


def _turns(entry: Any) -> tuple[str, str]:
    turns = entry.get('conversations', entry.get('messages'))
    said: dict[str, str] = {}
    for turn in turns if isinstance(turns, list) else ():
        who, text = turn.get('from', turn.get('role')), turn.get('value', turn.get('content'))
        kind = {'human': 'question', 'user': 'question', 'gpt': 'answer', 'assistant': 'answer'}
        if who in kind and isinstance(text, str):
            said.setdefault(kind[who], text)
    if len(said) < 2:
        raise ValueError('it has no question and answer')
    return said['question'], said['answer']


def _task_of(question: str, answer: str) -> Task:
    """Return the task, by the prompt's suffix or else by the answer's payload."""
    for task, suffix in _SUFFIXES.items():
        if suffix in question:
            return task
    payload = answer.rpartition('<output>')[2].strip()
    return Task.AFFORDANCE if payload.startswith('{') else Task.TRAJECTORY
