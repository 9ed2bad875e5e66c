"""Where the words of launch and of its children go: the screen and files below one folder."""

from __future__ import annotations

from collections.abc import Callable
import datetime
import logging
import os
from pathlib import Path
import socket
import sys
from typing import Any, TextIO

_SAID_BY_LAUNCH = '[{levelname}] [{name}]: {msg}'
_MAIN_FILE = 'launch.log'
_ALIASES: dict[str, dict[str, set[str]]] = {
    'screen': {'both': {'screen'}},
    'log': {'both': {'log'}, 'stderr': {'screen'}},
    'both': {'both': {'log', 'screen'}},
    'own_log': {'both': {'own_log'}, 'stdout': {'own_log'}, 'stderr': {'own_log'}},
    'full': {'both': {'screen', 'log', 'own_log'}, 'stdout': {'own_log'}, 'stderr': {'own_log'}},
}


class LaunchConfig:
    """The verbosity, and the folder of this process's log files (made when first needed)."""

    def __init__(self) -> None:
        self._log_dir: str | None = None
        self._files: dict[str, TextIO] = {}

    @property
    def level(self) -> int:
        """The verbosity, as in Python's logging."""
        return logging.root.getEffectiveLevel()

    @level.setter
    def level(self, new_level: int) -> None:
        logging.root.setLevel(new_level)

    @property
    def log_dir(self) -> str:
        """A new folder in $ROS_LOG_DIR, else in $ROS_HOME/log, else in ~/.ros/log."""
        if self._log_dir is None:
            self._log_dir = str(_make_log_dir())
        return self._log_dir

    @log_dir.setter
    def log_dir(self, new_log_dir: str | None) -> None:
        if new_log_dir is not None and not Path(new_log_dir).is_dir():
            raise ValueError(f'{new_log_dir} is not a directory')
        self._close_files()
        self._log_dir = new_log_dir

    def get_log_file_path(self, file_name: str = _MAIN_FILE) -> str:
        """Return the path of a log file."""
        return str(Path(self.log_dir, file_name))

    def reset(self) -> None:
        """Forget the folder and be as verbose as at the start."""
        self._close_files()
        self._log_dir = None
        self.level = logging.INFO

    def _file(self, file_name: str) -> TextIO:
        if file_name not in self._files:
            path = Path(self.get_log_file_path(file_name))
            self._files[file_name] = path.open('a', encoding='utf-8')
        return self._files[file_name]

    def _close_files(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()


launch_config = LaunchConfig()


def _make_log_dir() -> Path:
    home = os.environ.get('ROS_HOME') or '~/.ros'
    base = Path(os.environ.get('ROS_LOG_DIR') or f'{home}/log').expanduser()
    stamp = datetime.datetime.now().strftime('%Y-%m-%d-%H-%M-%S-%f')
    folder = base / f'{stamp}-{socket.gethostname()}-{os.getpid()}'
    folder.mkdir(parents=True)
    latest = base / 'latest'
    if latest.is_symlink() or not latest.exists():
        latest.unlink(missing_ok=True)
        latest.symlink_to(folder, target_is_directory=True)
    return folder


class _Handler(logging.Handler):
    """Asks for its stream at each record: stdout may be redirected, files are made late."""

    def __init__(self, stream: Callable[[], TextIO], form: str) -> None:
        super().__init__()
        self._stream = stream
        self.setFormatter(logging.Formatter(form, style='{'))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            stream = self._stream()
            stream.write(self.format(record) + '\n')
            stream.flush()
        except Exception:  # noqa: BLE001 (as every handler of logging does)
            self.handleError(record)


def _screen(form: str) -> _Handler:
    return _Handler(lambda: sys.stdout, form)


def _file(file_name: str, form: str) -> _Handler:
    return _Handler(lambda: launch_config._file(file_name), form)


_LAUNCH_HANDLERS = (
    _screen(_SAID_BY_LAUNCH),
    _file(_MAIN_FILE, '{created:.7f} ' + _SAID_BY_LAUNCH),
)


def _logger(name: str | None, *handlers: _Handler) -> logging.Logger:
    logger = logging.getLogger(name)
    logger.handlers[:] = handlers
    logger.propagate = False
    return logger


def get_logger(name: str | None = None) -> logging.Logger:
    """Return a logger to the screen and to launch.log."""
    return _logger(name, *_LAUNCH_HANDLERS)


def log_launch_config(*, logger: logging.Logger) -> None:
    """Tell where the log files are, and the verbosity."""
    logger.info(f'All log files can be found below {launch_config.log_dir}')
    logger.info(f'Default logging verbosity is set to {logging.getLevelName(launch_config.level)}')


def get_output_loggers(
    process_name: str, output_config: Any
) -> tuple[logging.Logger, logging.Logger]:
    """Return the loggers of a child's stdout and stderr.

    Args:
        process_name: the name of the child.
        output_config: 'screen', 'log' (all to launch.log, stderr to the screen too), 'both',
            'own_log', 'full', or a dict from 'stdout', 'stderr' or 'both' to one or several of
            'screen', 'log' and 'own_log'.

    Raises:
        ValueError: the configuration is none of these.
    """
    wanted = _normalize(output_config)
    loggers = []
    for source in ('stdout', 'stderr'):
        handlers = []
        if 'screen' in wanted['both'] | wanted[source]:
            handlers.append(_screen('{msg}'))
        if 'log' in wanted['both'] | wanted[source]:
            handlers.append(_file(_MAIN_FILE, '{created:.7f} {msg}'))
        if 'own_log' in wanted[source]:
            handlers.append(_file(f'{process_name}-{source}.log', '{msg}'))
        if 'own_log' in wanted['both']:
            handlers.append(_file(f'{process_name}.log', '{msg}'))
        loggers.append(_logger(f'{process_name}-{source}', *handlers))
    return loggers[0], loggers[1]


def _normalize(config: Any) -> dict[str, set[str]]:
    if isinstance(config, str):
        if config not in _ALIASES:
            raise ValueError(
                f'{config} is not a valid standard output config, choose of {list(_ALIASES)}'
            )
        config = _ALIASES[config]
    if not isinstance(config, dict):
        raise ValueError(f'{config} is not a valid output configuration')
    wanted: dict[str, set[str]] = {'both': set(), 'stdout': set(), 'stderr': set()}
    for source, destinations in config.items():
        if source not in wanted:
            raise ValueError(f'{source} is not a valid output source, choose of {list(wanted)}')
        wanted[source] = {destinations} if isinstance(destinations, str) else set(destinations)
        unknown = wanted[source] - {'screen', 'log', 'own_log'}
        if unknown:
            raise ValueError(
                f'{unknown.pop()} is not a valid output destination, '
                "choose of 'screen', 'log', 'own_log'"
            )
    return wanted


def reset() -> None:
    """Forget the log folder and the verbosity."""
    launch_config.reset()


reset()
