"""What an instruction asks for, in the simulator's words: used for scenes and for the truth."""

from dataclasses import dataclass

from vla_r1_sim.vocabulary import MENTION, SYNONYMS


@dataclass(frozen=True)
class ObjectQuery:
    """The objects that a mention fits; None fits every colour or every shape."""

    color: str | None
    shape: str | None

    def fits(self, color: str, shape: str) -> bool:
        """Whether an object of this colour and shape is meant."""
        return self.color in (None, color) and self.shape in (None, shape)

    def __str__(self) -> str:
        return ' '.join(word for word in (self.color, self.shape or 'object') if word)


def mentioned_objects(instruction: str) -> tuple[ObjectQuery, ...]:
    """Return the objects an instruction names, in the order of the words; often just one.

    An instruction that names nothing from the vocabulary gives an empty tuple.
    """
    queries = []
    for match in MENTION.finditer(instruction):
        color = match['color'] or match['only_color']
        shape = match['shape'] and match['shape'].lower()
        queries.append(ObjectQuery(color and color.lower(), SYNONYMS.get(shape, shape)))
    return tuple(queries)
