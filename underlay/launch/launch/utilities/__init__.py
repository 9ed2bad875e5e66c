"""Helpers for those who write their own actions and substitutions."""

from .normalize import normalize_to_list_of_entities, normalize_to_list_of_substitutions
from .perform import perform_substitutions
from .visit import visit_all_entities_and_collect_futures

__all__ = [
    'normalize_to_list_of_entities',
    'normalize_to_list_of_substitutions',
    'perform_substitutions',
    'visit_all_entities_and_collect_futures',
]
