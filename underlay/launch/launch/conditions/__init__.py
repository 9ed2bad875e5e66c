"""Whether an action is executed."""

from .evaluate import evaluate_condition_expression, InvalidConditionExpressionError
from .if_condition import IfCondition
from .launch_configuration_equals import LaunchConfigurationEquals, LaunchConfigurationNotEquals
from .unless_condition import UnlessCondition

__all__ = [
    'IfCondition',
    'InvalidConditionExpressionError',
    'LaunchConfigurationEquals',
    'LaunchConfigurationNotEquals',
    'UnlessCondition',
    'evaluate_condition_expression',
]
