"""The types that stand for a text: a string, a substitution, or several of them to be joined."""

from typing import Iterable, Union

from .substitution import Substitution

SomeSubstitutionsType = Union[str, Substitution, Iterable[Union[str, Substitution]]]
