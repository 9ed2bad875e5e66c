"""Helpers for actions on nodes."""

from .evaluate_parameters import check_parameter_dict, evaluate_parameter_dict
from .namespace_utils import make_namespace_absolute, prefix_namespace

__all__ = [
    'check_parameter_dict',
    'evaluate_parameter_dict',
    'make_namespace_absolute',
    'prefix_namespace',
]
