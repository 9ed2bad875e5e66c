"""Trials one after the other: in processes that call the code directly, or with ROS."""

from collections.abc import Generator, Sequence
from concurrent.futures import as_completed, ProcessPoolExecutor
from functools import cache
from itertools import groupby
from multiprocessing import active_children, get_context
from pathlib import Path
import signal
import tempfile

from cell import Cell, CellError
from ros_cell import running_cell
from trial import carry_out, Result, Trial


def directly(trials: Sequence[Trial], backend: str, model: str, jobs: int) -> Generator[Result]:
    """Carry trials out without ROS, in so many processes; what is done first comes first."""
    with ProcessPoolExecutor(
        jobs,
        mp_context=get_context('spawn'),
        initializer=signal.signal,  # Ctrl-C is for the process that people started
        initargs=(signal.SIGINT, signal.SIG_IGN),
    ) as workers:
        its = (workers.submit(_carry_out, trial, backend, model) for trial in trials)
        try:
            for done in as_completed(its):
                yield done.result()
        except BaseException:  # nobody wants the rest
            workers.shutdown(wait=False, cancel_futures=True)
            for worker in active_children():
                worker.terminate()
            raise


def with_ros(trials: Sequence[Trial], backend: str, model: str) -> Generator[Result]:
    """Carry trials out with the real processes, started anew whenever the robot changes."""
    chosen = {name: v for name, v in (('backend', backend), ('model', model)) if v}
    for robot, its in groupby(trials, lambda trial: trial.robot):
        log = Path(tempfile.mkstemp(prefix=f'bench_tasks_{robot}_', suffix='.log')[1])
        with running_cell(log, robot=robot, **chosen) as cell:
            for trial in its:
                yield carry_out(cell, trial)


def _carry_out(trial: Trial, backend: str, model: str) -> Result:
    return carry_out(_cell(trial.robot, backend, model), trial)


@cache
def _cell(robot: str, backend: str, model: str) -> Cell:
    try:
        from direct_cell import DirectCell
    except ImportError as error:
        message = f'direct calls need the move_group of underlay/ ({error}): use --scenes 0'
        raise CellError(message) from error
    return DirectCell(robot, backend, model)
