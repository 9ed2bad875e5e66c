"""What an instruction says, understood: an object, what is to be done with it, and where to."""

from dataclasses import dataclass

from vla_r1_core.prompt import Intent


@dataclass(frozen=True)
class Relation:
    """Where an object is: `kind`, such as 'left of', seen from another one."""

    kind: str
    to: 'Phrase'


@dataclass(frozen=True)
class Phrase:
    """The description of one object; None fits everything.

    Attributes:
        color: such as 'red'.
        shape: such as 'cube' or 'bowl'.
        extreme: which one of several, such as 'leftmost' or 'biggest'.
        relation: to another object.
        excluded: what is not meant: "not the red one".
        not_at: (x, y) in [0, 1] of what is not meant: "the other one".
        rather: color that counts if something of it fits: after "the red cube" the other one is
            another red cube, or else another cube.
    """

    color: str | None = None
    shape: str | None = None
    extreme: str | None = None
    relation: Relation | None = None
    excluded: 'Phrase | None' = None
    not_at: tuple[float, float] | None = None
    rather: str | None = None

    def __str__(self) -> str:
        words = [self.extreme, self.color, self.shape or 'object']
        if self.excluded:
            words.append(f'other than the {self.excluded}')
        if self.not_at:
            words.append('other than the one before')
        if self.relation:
            words.append(f'{self.relation.kind} the {self.relation.to}')
        return ' '.join(word for word in words if word)


@dataclass(frozen=True)
class Command:
    """What to do with which object.

    Attributes:
        intent: what to do.
        target: the object to reach, grasp or push.
        direction: the way of a push, a key of `DIRECTIONS`.
        goal: where a push or a carried object goes.
    """

    intent: Intent
    target: Phrase
    direction: str | None = None
    goal: Phrase | None = None
