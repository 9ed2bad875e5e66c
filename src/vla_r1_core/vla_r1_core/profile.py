"""How one family of models is asked, and how its numbers become boxes and traces.

A family is declared by the fields of `Profile`; `profiles.py` has the known ones, and a user's
YAML file has the same fields. The syntax is read by `grammars.py`, VLA-R1's by `output.py`.

Where a family only points (`box: points`), the box is the one around all its points, each side at
least `point_box` of the shorter side of the image: a point says where to take hold, not how large
the thing is, and one point becomes a square.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vla_r1_core import grammars, output
from vla_r1_core.config import param, validate
from vla_r1_core.conventions import box_around, BOXES, inside, read_box, smart_resize, write_box
from vla_r1_core.errors import AnswerError, ReasonCode, ReasoningError
from vla_r1_core.prompt import IMAGE_MARKER
from vla_r1_core.tokens import last_block, last_fenced, split_thoughts, Tokens
from vla_r1_core.types import ParsedAnswer, Task, Trajectory2D

Size = tuple[int, int]


@dataclass(frozen=True)
class Profile:
    """One family's conventions.

    Raises:
        ValueError: a field is out of its bounds, or no choice; the message names what is allowed.
    """

    name: str = param('', 'the family')
    grammar: str = param(
        'list',
        'vla_r1: as in output.py; list: [(x, y), ...]; json: [{"key": [...]}]; xml: <point x= y=>',
        choices=('vla_r1', 'list', 'json', 'xml'),
    )
    unit: str = param(
        'scale',
        'scale: from 0 to `scale` whatever the size; px: pixels of the image; smart_px: of the '
        'image as Qwen2.5-VL resizes it; square_px: of the image resized to `side` x `side`',
        choices=('scale', 'px', 'smart_px', 'square_px'),
    )
    scale: float = param(1.0, 'number at the right and the lower edge', ge=0.001)
    side: int = param(840, 'of the square, for square_px', unit='px', ge=1)
    factor: int = param(28, 'both sides are multiples of this, for smart_px', unit='px', ge=1)
    min_pixels: int = param(3136, 'smallest area, for smart_px', unit='px', ge=1)
    max_pixels: int = param(12845056, 'largest area, for smart_px', unit='px', ge=1)
    axes: str = param('xy', 'which axis is named first', choices=('xy', 'yx'))
    box: str = param(
        'corners',
        'the four numbers of a box: corners: both corners; center: center and size; top_left: '
        'corner and size; points: there is no box, but points on the object',
        choices=(*BOXES, 'points'),
    )
    point_box: float = param(
        0.08, "least side of a box around points, of the image's shorter side", ge=0.001, le=1.0
    )
    box_key: str = param('', 'json: where the box is')
    point_key: str = param('', 'json: where the point is')
    brackets: str = param('()', 'list: around a written point', choices=('()', '[]'))
    depth: bool = param(False, 'list: a third number of a point is its depth, which is not used')
    event_tag: str = param('', 'list: <tag>...</tag> may stand between points')
    thought_tags: str = param('', 'tags of thoughts, in their order, with spaces between')
    answer_tags: str = param('', 'tags around the answer, the outer first, with spaces between')
    lead: str = param('', 'words before the answer; what comes after it is not read')
    absent: str = param('[]', 'the answer when the object is not there')
    digits: int = param(0, 'decimals that are written', ge=0, le=9)
    image_first: bool = param(True, 'the image stands before the text, not behind it')
    affordance_prompt: str = param('', 'with {instruction} in it; empty: it gives no boxes')
    trajectory_prompt: str = param('', 'with {instruction} in it; empty: it gives no traces')

    def __post_init__(self) -> None:
        validate(self)
        for task, prompt in self._prompts.items():
            if prompt and '{instruction}' not in prompt:
                raise ValueError(f'{task.name.lower()}_prompt must contain {{instruction}}')
            if prompt and self.grammar == 'json' and not self._key(task):
                raise ValueError(
                    f'grammar json needs a key for the task {task.name}: box_key '
                    'for boxes, point_key for points and traces'
                )

    def prompt(self, instruction: str, task: Task) -> str:
        """Return the prompt, with `IMAGE_MARKER` as its first or its last characters.

        Raises:
            ReasoningError: INVALID_TASK, the family cannot do this task or it is AUTO.
        """
        text = self._prompts.get(task, '').replace('{instruction}', instruction)
        if not text:
            raise ReasoningError(ReasonCode.INVALID_TASK, self._refusal(task))
        return f'{IMAGE_MARKER}{text}' if self.image_first else f'{text}{IMAGE_MARKER}'

    def around_image(self, prompt: str) -> tuple[str, str]:
        """Return the text before and the text behind the image of a prompt made here."""
        if self.image_first:
            return '', prompt.removeprefix(IMAGE_MARKER)
        return prompt.removesuffix(IMAGE_MARKER), ''

    def seen_size(self, image_width: int, image_height: int) -> Size:
        """Return width and height [px] of the image of which the model's pixels are."""
        if self.unit == 'square_px':
            return self.side, self.side
        if self.unit == 'smart_px':
            return smart_resize(
                image_width, image_height, self.factor, self.min_pixels, self.max_pixels
            )
        return image_width, image_height

    def read(
        self,
        text: str,
        task: Task,
        image_width: int,
        image_height: int,
        *,
        seen: Size | None = None,
    ) -> ParsedAnswer:
        """Read a model's whole text, in linear time.

        Args:
            text: as the model wrote it.
            task: what was asked: AFFORDANCE or TRAJECTORY.
            image_width: [px] of the image that was sent.
            image_height: [px] of the same.
            seen: width and height [px] of what the model saw of it, where that is known; else
                `seen_size` tells.

        Raises:
            AnswerError: the text does not follow the family's conventions; it says where.
        """
        if self.grammar == 'vla_r1':
            return output.parse(text, task)
        if not self._prompts.get(task):
            raise AnswerError(self._refusal(task))
        # Servers that part the thought from the answer have it put into <think> again.
        thought, rest = split_thoughts(text, self.thought_tags.split() or ['think'])
        for tag in self.answer_tags.split():
            if f'<{tag}>' in rest or f'</{tag}>' in rest:  # small models leave them out
                rest = last_block(rest, tag)
        if self.lead:
            rest = rest.rpartition(self.lead)[2]
        groups = self._groups(rest, task)
        if not groups:
            return ParsedAnswer(task, thought)
        full = seen or self.seen_size(image_width, image_height)
        if task == Task.AFFORDANCE and self.box != 'points':
            if len(groups[0]) != 4:
                raise AnswerError(f'a box has 4 numbers, not {len(groups[0])}')
            box = read_box(self._parts(groups[0], full), self.box)
            return ParsedAnswer(task, thought, box=box)
        points = [self._point(group, full) for group in groups]
        if task == Task.AFFORDANCE:
            least = self.point_box * min(image_width, image_height)
            box = box_around(points, least / image_width, least / image_height)
            return ParsedAnswer(task, thought, box=box)
        if len(set(points)) < 2:
            raise AnswerError('a trajectory needs at least two different points')
        return ParsedAnswer(task, thought, trajectory=Trajectory2D(tuple(points)))

    def write(self, answer: ParsedAnswer, image_width: int, image_height: int) -> str:
        """Write an answer about an image of this size [px], as the model would.

        Reading it gives the answer again, up to the rounding to `digits`. A family without
        thoughts loses the thought, and one that points says a box by two of its corners.

        Raises:
            ValueError: the family cannot say this, such as a box outside the image.
        """
        if self.grammar == 'vla_r1':
            return output.format(answer)
        tags = self.thought_tags.split()
        thoughts = (f'<{tag}>{"" if i else answer.thought}</{tag}>' for i, tag in enumerate(tags))
        payload = self._payload(answer, self.seen_size(image_width, image_height))
        for tag in reversed(self.answer_tags.split()):
            payload = f'<{tag}>{payload}</{tag}>'
        text = ''.join(thoughts) + (f'{self.lead} {payload}.' if self.lead else payload)
        try:
            again = self.read(text, answer.task, image_width, image_height)
        except AnswerError as error:
            raise ValueError(f'{self.name} cannot say this: {error}') from error
        if (again.thought, again.absent) != (answer.thought if tags else '', answer.absent):
            raise ValueError(f'{self.name} cannot say this: the thought contains tags')
        return text

    @property
    def _prompts(self) -> dict[Task, str]:
        return {
            Task.AFFORDANCE: self.affordance_prompt,
            Task.TRAJECTORY: self.trajectory_prompt,
        }

    def _refusal(self, task: Task) -> str:
        can = ' or '.join(known.name for known, prompt in self._prompts.items() if prompt)
        return f'{self.name} answers {can or "nothing"}, not {task.name}; choose another profile'

    def _groups(self, payload: str, task: Task) -> list[grammars.Group]:
        if payload.strip() == self.absent:
            return []
        if self.grammar == 'xml':
            return grammars.read_xml(payload)
        tokens = Tokens(last_fenced(payload), self.event_tag)
        if self.grammar == 'json':
            groups = grammars.read_json(tokens, self._key(task))
        else:
            groups = grammars.read_list(tokens)
        if not self.lead:
            tokens.expect_end()
        return groups

    def _key(self, task: Task) -> str:
        asks_for_box = task == Task.AFFORDANCE and self.box != 'points'
        return self.box_key if asks_for_box else self.point_key

    def _point(self, group: grammars.Group, full: Size) -> tuple[float, float]:
        if len(group) != 2 and not (self.depth and len(group) == 3):
            raise AnswerError(f'a point has 2 numbers, not {len(group)}')
        x, y = self._parts(group[:2], full)
        return inside(x), inside(y)

    def _parts(self, group: grammars.Group, full: Size) -> list[float]:
        """Return numbers as parts of the image, x before y."""
        ends = full if self.unit != 'scale' else (self.scale, self.scale)
        return [value / ends[i % 2] for i, value in enumerate(self._swapped(group))]

    def _numbers(self, parts: Sequence[float], full: Size) -> list[str]:
        """Return parts of the image, x before y, as numbers."""
        ends = full if self.unit != 'scale' else (self.scale, self.scale)
        values = self._swapped([part * ends[i % 2] for i, part in enumerate(parts)])
        # Adding 0 turns -0 into 0.
        return [f'{round(value, self.digits) + 0.0:.{self.digits}f}' for value in values]

    def _swapped(self, pairs: Sequence[float]) -> Sequence[float]:
        """Return (x, y, ...) in the order of the family's axes, and back."""
        if self.axes == 'xy':
            return pairs
        return [pairs[i ^ 1] for i in range(len(pairs))]

    def _payload(self, answer: ParsedAnswer, full: Size) -> str:
        said: Sequence[Sequence[float]] = ()
        if answer.trajectory:
            said = answer.trajectory.points
        elif answer.box and self.box == 'points':
            said = answer.box.corners[:2], answer.box.corners[2:]
        elif answer.box:
            said = (write_box(answer.box, self.box),)
        else:
            return self.absent
        groups = [self._numbers(parts, full) for parts in said]
        if self.grammar == 'json':
            return grammars.write_json(groups, self._key(answer.task))
        if self.grammar == 'xml':
            return grammars.write_xml(groups)
        return grammars.write_list(groups, self.brackets)
