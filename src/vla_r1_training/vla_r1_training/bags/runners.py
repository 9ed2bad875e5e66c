"""Where bags are converted: here one by one, in several processes, or on the machines of Ray."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
import multiprocessing
from pathlib import Path
import traceback
from typing import Any, Protocol

from vla_r1_training.bags.bag import size_of
from vla_r1_training.bags.convert_bag import convert, finished
from vla_r1_training.bags.report import BagReport
from vla_r1_training.config import IngestConfig

Result = tuple[Path, BagReport | str]
"""A bag, and its report or the traceback of what went wrong."""
Progress = Callable[[int], Any]
"""Is told of bytes that were read."""
_POLL_S = 0.2


class Runner(Protocol):
    """Converts bags and yields the results as they come."""

    def __call__(
        self, bags: list[Path], folder: Path, config: IngestConfig, progress: Progress
    ) -> Iterator[Result]:
        """Convert bags into the folder of a dataset."""


def one_by_one(
    bags: list[Path], folder: Path, config: IngestConfig, progress: Progress
) -> Iterator[Result]:
    """Convert in this process."""
    for bag in bags:
        yield bag, _guarded(bag, folder, config, progress)


def in_parallel(
    bags: list[Path], folder: Path, config: IngestConfig, progress: Progress, *, jobs: int
) -> Iterator[Result]:
    """Convert in so many processes."""
    context = multiprocessing.get_context('spawn')
    done = context.Value('q', 0)
    told = 0
    pool = ProcessPoolExecutor(jobs, context, _share, (done,))
    try:
        running = {pool.submit(_in_worker, bag, folder, config): bag for bag in bags}
        while running:
            ended, _ = wait(running, _POLL_S, FIRST_COMPLETED)
            progress(done.value - told)
            told = done.value
            for future in ended:
                bag = running.pop(future)
                error = future.exception()  # the worker itself died, of lack of memory say
                yield bag, repr(error) if error else future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def on_ray(
    bags: list[Path], folder: Path, config: IngestConfig, progress: Progress, *, address: str
) -> Iterator[Result]:
    """Convert on the machines of a Ray cluster, one bag a task.

    Args:
        bags: in a folder that all machines see under this path.
        folder: likewise.
        config: how to read them.
        progress: is told of whole bags.
        address: of the cluster; empty for the one around, or for a new one on this machine.

    Raises:
        ImportError: Ray is not installed.
    """
    if not bags:
        return
    import ray
    import ray.data

    ray.init(address or None, ignore_reinit_error=True)
    folder = folder.resolve()

    def work(item: dict[str, str]) -> dict[str, str]:
        result = _guarded(Path(item['bag']), folder, config, lambda _: None)
        return {**item, 'error': '' if isinstance(result, BagReport) else result}

    items = [{'number': str(i), 'bag': str(bag.resolve())} for i, bag in enumerate(bags)]
    tasks = ray.data.from_items(items, override_num_blocks=len(items)).map(work)
    for done in tasks.iter_rows():
        bag = bags[int(done['number'])]
        progress(size_of(bag))
        report = finished(bag, folder)
        yield bag, report or done['error']


_done: Any = None
"""In a worker: the bytes that all workers have read, shared with the main process."""


def _share(done: Any) -> None:
    global _done
    _done = done


def _in_worker(bag: Path, folder: Path, config: IngestConfig) -> BagReport | str:
    def progress(count: int) -> None:
        with _done.get_lock():
            _done.value += count

    return _guarded(bag, folder, config, progress)


def _guarded(bag: Path, folder: Path, config: IngestConfig, progress: Progress) -> BagReport | str:
    """Return a bag's report, or the traceback of what went wrong."""
    try:
        return convert(bag, folder, config, progress)
    except Exception:  # noqa: BLE001 - one bag must not end the work on the others
        return traceback.format_exc()
