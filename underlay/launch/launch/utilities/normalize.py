"""One or several, strings or objects: make them a list of objects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..substitution import Substitution

if TYPE_CHECKING:
    from ..launch_description_entity import LaunchDescriptionEntity
    from ..some_entities_type import SomeEntitiesType
    from ..some_substitutions_type import SomeSubstitutionsType


def normalize_to_list_of_substitutions(subst: SomeSubstitutionsType) -> list[Substitution]:
    """Return substitutions whose texts are to be joined.

    Raises:
        TypeError: something is neither a string, a path nor a substitution.
    """
    from ..substitutions.text_substitution import TextSubstitution  # its package imports us

    def normalize(part: object) -> Substitution:
        if isinstance(part, Substitution):
            return part
        if isinstance(part, (str, Path)):
            return TextSubstitution(text=str(part))
        raise TypeError(
            f"Failed to normalize given item of type '{type(part)}', when only "
            "'str' or 'launch.Substitution' were expected."
        )

    if isinstance(subst, (str, Path, Substitution)):
        return [normalize(subst)]
    try:
        return [normalize(part) for part in subst]
    except TypeError as error:
        raise TypeError(f'{subst!r} is not a text: {error}') from None


def normalize_to_list_of_entities(entities: SomeEntitiesType) -> list[LaunchDescriptionEntity]:
    """Return entities as a list, flattened."""
    from ..launch_description_entity import LaunchDescriptionEntity

    if isinstance(entities, LaunchDescriptionEntity):
        return [entities]
    return [one for entity in entities for one in normalize_to_list_of_entities(entity)]
