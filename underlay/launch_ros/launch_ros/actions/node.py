"""Run a node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Union

from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch.actions import ExecuteProcess
from launch.logging import get_logger
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions
from rclpy.validate_namespace import validate_namespace
from rclpy.validate_node_name import validate_node_name
import yaml

from ..parameter_descriptions import Parameter, ParameterFile
from ..substitutions import ExecutableInPackage
from ..utilities import (
    check_parameter_dict,
    evaluate_parameter_dict,
    make_namespace_absolute,
    prefix_namespace,
)

SomeParameters = Union[
    Mapping, Parameter, ParameterFile, SomeSubstitutionsType, 'os.PathLike[str]'
]


class Node(ExecuteProcess):
    """Runs a node's program with ROS arguments made of names, parameters and remappings."""

    UNSPECIFIED_NODE_NAME = '<node_name_unspecified>'
    UNSPECIFIED_NODE_NAMESPACE = '<node_namespace_unspecified>'

    def __init__(
        self,
        *,
        executable: SomeSubstitutionsType,
        package: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        namespace: SomeSubstitutionsType | None = None,
        exec_name: SomeSubstitutionsType | None = None,
        parameters: Sequence[SomeParameters] | None = None,
        remappings: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = None,
        ros_arguments: Iterable[SomeSubstitutionsType] | None = None,
        arguments: Iterable[SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        """Say what to run.

        Args:
            executable: the program, in the package if one is given.
            package: the package.
            name: the node's name; by default the one in its code.
            namespace: relative to PushROSNamespace unless absolute.
            exec_name: what logs call the process, with a number added.
            parameters: dicts, paths of YAML files, Parameter and ParameterFile; the last wins.
                A dict is for every node of the process, unless both name and namespace are
                given: then it is for that node.
            remappings: (name in the code, name in the graph) pairs.
            ros_arguments: more arguments after `--ros-args`.
            arguments: arguments before `--ros-args`.
            kwargs: see ExecuteProcess.

        Raises:
            TypeError: parameters or remappings are no lists of what they should be.
        """
        program = executable if package is None else ExecutableInPackage(executable, package)
        cmd = [program, *(arguments or ())]
        if ros_arguments is not None:
            cmd += ['--ros-args', *ros_arguments]
        super().__init__(cmd=cmd, name=exec_name, **kwargs)
        if parameters is not None and not isinstance(parameters, (list, tuple)):
            raise TypeError(f'Expecting list of parameters, got {parameters}')
        self.__package = package
        self.__executable = executable
        self.__name = name
        self.__namespace = namespace
        self.__parameters = [_normalize(parameter) for parameter in parameters or ()]
        self.__remappings = [_normalize_rule(rule) for rule in remappings or ()]
        self.__full_name: str | None = None

    @property
    def node_package(self) -> SomeSubstitutionsType | None:
        """The package."""
        return self.__package

    @property
    def node_executable(self) -> SomeSubstitutionsType:
        """The program."""
        return self.__executable

    @property
    def node_name(self) -> str:
        """The name with its namespace, known once the action is executed.

        Raises:
            RuntimeError: it is not executed yet.
        """
        if self.__full_name is None:
            raise RuntimeError("cannot access 'node_name' before executing action")
        return self.__full_name

    def is_node_name_fully_specified(self) -> bool:
        """Say whether name and namespace are given."""
        unknown = (self.UNSPECIFIED_NODE_NAME, self.UNSPECIFIED_NODE_NAMESPACE)
        return not any(part in self.node_name for part in unknown)

    def _resolve_name(self, context: LaunchContext) -> list[str]:
        """Work out `node_name`; return the arguments that set it."""
        arguments = []
        name, namespace = self.UNSPECIFIED_NODE_NAME, self.UNSPECIFIED_NODE_NAMESPACE
        if self.__name is not None:
            name = _perform(context, self.__name)
            validate_node_name(name)
            arguments += ['-r', f'__node:={name}']
        own = None if self.__namespace is None else _perform(context, self.__namespace)
        pushed = context.launch_configurations.get('ros_namespace')
        absolute = make_namespace_absolute(prefix_namespace(pushed, own))
        if absolute is not None:
            validate_namespace(absolute)
            namespace = absolute
            arguments += ['-r', f'__ns:={namespace}']
        self.__full_name = prefix_namespace(namespace, name)
        return arguments

    def _expand_cmd(self, context: LaunchContext) -> list[str]:
        cmd = super()._expand_cmd(context)
        cmd += ['--ros-args', *self._resolve_name(context)]
        for parameter in context.launch_configurations.get('global_params', []):
            if isinstance(parameter, tuple):
                cmd += _parameter_rule(*parameter)
            else:
                cmd += self.__file_argument(Path(parameter).absolute())
        for parameter in self.__parameters:
            cmd += self.__parameter_arguments(context, parameter)
        remappings = [
            *context.launch_configurations.get('ros_remaps', []),
            *(
                (perform_substitutions(context, src), perform_substitutions(context, dst))
                for src, dst in self.__remappings
            ),
        ]
        for src, dst in remappings:
            cmd += ['-r', f'{src}:={dst}']
        return cmd

    def __parameter_arguments(
        self, context: LaunchContext, parameter: Mapping | Parameter | ParameterFile
    ) -> list[str]:
        if isinstance(parameter, Parameter):
            return _parameter_rule(*parameter.evaluate(context))
        if isinstance(parameter, ParameterFile):
            return self.__file_argument(parameter.evaluate(context))
        scope = self.node_name if self.is_node_name_fully_specified() else '/**'
        return self.__file_argument(
            _write_parameters(scope, evaluate_parameter_dict(context, parameter))
        )

    def __file_argument(self, path: Path) -> list[str]:
        if not path.is_file():
            get_logger(__name__).warning(f'Parameter file path is not a file: {path}')
            return []
        return ['--params-file', str(path)]


def _perform(context: LaunchContext, text: SomeSubstitutionsType) -> str:
    return perform_substitutions(context, normalize_to_list_of_substitutions(text))


def _normalize(parameter: SomeParameters) -> Mapping | Parameter | ParameterFile:
    if isinstance(parameter, Mapping):
        check_parameter_dict(parameter)
    if isinstance(parameter, (Mapping, Parameter, ParameterFile)):
        return parameter
    return ParameterFile(parameter)


def _normalize_rule(rule: Any) -> tuple[list[Substitution], list[Substitution]]:
    if not isinstance(rule, (list, tuple)) or len(rule) != 2:
        raise TypeError(f'a remapping must be a pair (from, to), got {rule!r}')
    return normalize_to_list_of_substitutions(rule[0]), normalize_to_list_of_substitutions(rule[1])


def _parameter_rule(name: str, value: Any) -> list[str]:
    text = yaml.safe_dump(value, default_flow_style=True, width=float('inf'))
    value_text = text.removesuffix('...\n').strip()
    return ['-p', f'{name}:={value_text}']


def _write_parameters(scope: str, parameters: dict[str, Any]) -> Path:
    """Write a parameter file; it stays, because a respawned process reads it again."""
    with NamedTemporaryFile('w', prefix='launch_params_', delete=False) as file:
        yaml.safe_dump({scope: {'ros__parameters': parameters}}, file)
    return Path(file.name)
