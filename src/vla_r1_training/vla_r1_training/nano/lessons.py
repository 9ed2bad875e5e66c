"""What is learned in a step, drawn by seed: questions with pictures, and questions more."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
import torch
from vla_r1_sim.vocabulary import COLORS

from vla_r1_training.nano.batches import Batch, Batcher, strangely_colored
from vla_r1_training.nano.hints import Cells
from vla_r1_training.nano.sft_config import SftConfig
from vla_r1_training.nano.views import Encode, Views
from vla_r1_training.scenes.augment import augment, bleach
from vla_r1_training.scenes.belief import contradict
from vla_r1_training.scenes.describing import describe
from vla_r1_training.scenes.examples import Asked, Scenes
from vla_r1_training.scenes.hues import rename_colors, turn_hues
from vla_r1_training.scenes.phrases import unknown_verbs
from vla_r1_training.scenes.relations import named_anew, relate
from vla_r1_training.scenes.thoughts import without_thought

_OWN = 0.6
"""Share of the pictures whose own list is changed, if it can be; others get another scene's."""


@dataclass(frozen=True)
class Lesson:
    """What a process learns in a step.

    Attributes:
        batch: questions, one per picture.
        cells: what is where in these.
        more: by name, questions of which what is seen is told.
    """

    batch: Batch
    cells: Cells
    more: dict[str, Batch]

    def to(self, device: torch.device) -> 'Lesson':
        """Return it on a device."""
        more = {name: batch.to(device) for name, batch in self.more.items()}
        return Lesson(self.batch.to(device), self.cells.to(device), more)


class Lessons:
    """Draws what is learned.

    Args:
        config: of the run.
        scenes: that are learned from.
        shown: (colours, shapes) bool: the pairs that are in their pictures.
        batcher: of the model.
        encode: its vision encoder; for `views`.
    """

    def __init__(
        self,
        config: SftConfig,
        scenes: Scenes,
        shown: NDArray[np.bool_],
        batcher: Batcher,
        encode: Encode | None = None,
    ) -> None:
        self._config, self._scenes = config, scenes
        self._shown, self._batcher = shown, batcher
        self._views = None
        if config.views and encode:
            self._views = Views(scenes, config.views, config.seed, encode)

    def draw(self, step: int, rank: int) -> Lesson:
        """Draw a step of a process; the same at every call."""
        config, batcher = self._config, self._batcher
        rng = np.random.default_rng((config.seed, step, rank))
        chosen, asked = self._questions(rng, config.batch_size)
        compares = np.random.default_rng((config.seed, step, rank, 2))
        for i in np.flatnonzero(compares.random(len(asked)) < config.compared).tolist():
            asked[i] = relate(compares, asked[i], asked[i].things) or asked[i]
        pictures = self._scenes.pictures[chosen]
        images: list[torch.Tensor] = []
        looks = np.tile(np.arange(len(COLORS)), (len(asked), 1))
        if self._views:
            asked, images = self._views.see(rng, chosen.tolist(), asked)
        else:
            asked, pictures = augment(rng, asked, pictures)
        if config.thought and not images:  # without a list of what is seen, they teach nothing
            names = [[thing.name for thing in a.things] for a in asked]
            pictures, looks = turn_hues(rng, pictures, names, self._shown, config.turned_hues)
            pictures, looks = bleach(rng, pictures, looks, config.gray)
        asked = self._unheard(rng, asked)
        named, named_looks = list(asked), looks.copy()
        for i in np.flatnonzero(strangely_colored(looks)).tolist():
            named[i], named_looks[i] = rename_colors(rng, asked[i], looks[i])
        if config.describe:
            named, answers = map(list, zip(*(describe(rng, a) for a in named), strict=True))
        else:
            answers = _answers(rng, named)
            if not config.thought:
                answers = [without_thought(answer) for answer in answers]
        batch = batcher.batch(
            named,
            answers,
            pictures,
            misnamed=config.misnamed,
            looks=named_looks,
            rng=rng,
            images=images,
        )
        rows, columns = (batch.inputs['image_grid_thw'][0, 1:] // batcher.merge).tolist()
        more = np.random.default_rng((config.seed, step, rank, 1))
        return Lesson(batch, Cells(asked, rows, columns, looks), self._more(more, named, batch))

    def _more(
        self, rng: np.random.Generator, asked: list[Asked], batch: Batch
    ) -> dict[str, Batch]:
        """Draw questions of which what is seen is told, some about the batch's pictures."""
        more, config = {}, self._config
        if config.told:
            told = self._elsewhere(rng, config.told)
            more['told'] = self._batcher.told(told, _answers(rng, told))
        if config.contradicted:
            pictures = [i % len(asked) for i in range(config.contradicted)]
            told = self._elsewhere(rng, config.contradicted)
            for i, picture in enumerate(pictures):
                own = contradict(rng, asked[picture]) if rng.random() < _OWN else None
                told[i] = own or told[i]
            answers = _answers(rng, told)
            more['contradicted'] = self._batcher.told(told, answers, pictures, batch)
        return more

    def _elsewhere(self, rng: np.random.Generator, count: int) -> list[Asked]:
        """Draw questions about any scenes, all colours named anew."""
        _, asked = self._questions(rng, count)
        told = [rename_colors(rng, a, np.arange(len(COLORS)))[0] for a in asked]
        if self._config.related:
            for i in np.flatnonzero(rng.random(count) < self._config.related).tolist():
                things = named_anew(rng, told[i].things)
                told[i] = relate(rng, told[i], things) or told[i]
        return self._unheard(rng, told)

    def _unheard(self, rng: np.random.Generator, asked: list[Asked]) -> list[Asked]:
        """Say a share of the questions with verbs that nobody has heard."""
        unknown = rng.random(len(asked)) < self._config.unknown_verbs
        return [
            replace(a, instruction=unknown_verbs(rng, a.instruction)) if u else a
            for a, u in zip(asked, unknown, strict=True)
        ]

    def _questions(
        self, rng: np.random.Generator, count: int
    ) -> tuple[NDArray[np.int_], list[Asked]]:
        """Draw scenes and a question about each, with a relation more often than there are."""
        chosen = rng.choice(len(self._scenes.questions), count)
        asked = []
        for i in chosen.tolist():
            drawn = self._scenes.questions[i]
            relative = [q for q in drawn if q.relative]
            if relative and rng.random() < self._config.relations:
                drawn = relative
            asked.append(drawn[rng.integers(len(drawn))])
        return chosen, asked


def _answers(rng: np.random.Generator, asked: list[Asked]) -> list[str]:
    return [a.answer(int(rng.integers(1 << 31))) for a in asked]
