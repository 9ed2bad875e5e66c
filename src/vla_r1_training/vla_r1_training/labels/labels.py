"""True answers for episodes, from the first source that knows one."""

from dataclasses import dataclass

from vla_r1_core.rewards import read_target
from vla_r1_core.types import Task

from vla_r1_training.bags.episode import Episode, Said, View
from vla_r1_training.config import IngestConfig
from vla_r1_training.labels.hindsight import hindsight, HindsightError
from vla_r1_training.labels.stated import payload_of

SOURCES = ('topic', 'truth', 'hindsight')
_VERIFIED = 1  # of vla_r1_msgs/Outcome


@dataclass(frozen=True)
class Example:
    """A question about an image, with what a model said and what is right.

    Attributes:
        view: what is asked about.
        said: None when no model was asked.
        truth: the true answer's payload: a box, a trace or null; None when no source knows it.
        source: of the truth; empty when there is none.
        reasons: why sources know nothing.
    """

    episode: Episode
    task: Task
    view: View
    said: Said | None
    truth: str | None
    source: str
    reasons: tuple[str, ...]


def sources_of(config: IngestConfig) -> tuple[str, ...]:
    """Return the sources that a configuration names.

    Raises:
        ValueError: it names another.
    """
    names = tuple(config.labels.split())
    if wrong := [name for name in names if name not in SOURCES]:
        raise ValueError(f'labels names {", ".join(wrong)}; there are {", ".join(SOURCES)}')
    return names


def examples(episode: Episode, config: IngestConfig) -> list[Example]:
    """Return the questions of an episode: those that were asked, and those with a known answer.

    Questions without an image are left out.
    """
    found = []
    for task in (Task.AFFORDANCE, Task.TRAJECTORY):
        said: list[Said | None] = [s for s in episode.said if s.task == task and s.view]
        for answer in said or [None]:
            view = answer.view if answer else episode.view
            if view is None:
                continue
            truth, source, reasons = _truth(episode, task, view, config)
            if answer or truth is not None:
                found.append(Example(episode, task, view, answer, truth, source, reasons))
    return found


def _truth(
    episode: Episode, task: Task, view: View, config: IngestConfig
) -> tuple[str | None, str, tuple[str, ...]]:
    """Return the true answer, where it is from, and why other sources know none."""
    reasons = []
    for source in sources_of(config):
        try:
            payload = _from(source, episode, task, view, config)
        except ValueError as error:
            reasons.append(f'{source}: {error}')
            continue
        return payload, source, tuple(reasons)
    return None, '', tuple(reasons)


def _from(source: str, episode: Episode, task: Task, view: View, config: IngestConfig) -> str:
    if source == 'hindsight':
        if config.only_verified and (not episode.outcome or episode.outcome.verified != _VERIFIED):
            raise HindsightError('success was not verified')
        return payload_of(hindsight(episode, task, view))
    for stated in reversed(episode.stated):
        if (stated.source, stated.task) == (source, task):
            read_target(stated.payload, task)  # must be one
            return stated.payload
    raise ValueError('it says nothing')
