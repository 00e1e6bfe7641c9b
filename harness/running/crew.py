"""A few workers that take tasks in order, as soon as each can run."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar

from harness.gate.plan import Side, Task

T = TypeVar("T")
R = TypeVar("R")
Place = Callable[[list[T], Iterable[T], Iterable[T]], list[T]]

_POLL = 0.1


class Crew(Generic[T, R]):
    """Runs tasks, `parallel` at a time. The first error calls `stop` and is raised."""

    def __init__(self, work: Callable[[T], R], stop: Callable[[], None], parallel: int) -> None:
        self._work = work
        self._stop = stop
        self._parallel = parallel

    def run(
        self,
        tasks: Iterable[T],
        arriving: dict[Side, Future[tuple[T, ...]]] | None = None,
        place: Place[T] = lambda waiting, done, arrived: [*waiting, *arrived],
    ) -> dict[T, R]:
        """Run `tasks`, and those that each future of `arriving` brings when it is done.

        `place` puts what arrives among what waits, knowing what is done.
        """
        waiting = list(tasks)
        coming = dict(arriving or {})
        done: dict[T, R] = {}
        with ThreadPoolExecutor(self._parallel, thread_name_prefix="cell") as pool:
            running: dict[Future[R], T] = {}
            try:
                while waiting or running or coming:
                    while waiting and len(running) < self._parallel:
                        task = waiting.pop(0)
                        running[pool.submit(self._work, task)] = task
                    wait_for_any([*running, *coming.values()])
                    for side in [side for side, future in coming.items() if future.done()]:
                        waiting = place(waiting, done, coming.pop(side).result())
                    for future in [future for future in running if future.done()]:
                        done[running.pop(future)] = future.result()
            except BaseException:
                self._stop()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return done


def beside(waiting: list[Task], done: Iterable[Task], arrived: Iterable[Task]) -> list[Task]:
    """Order what waits so that the two sides of a cell stay neighbours.

    First what arrived for cells that the other side already ran, then pairs.
    """
    cells = dict.fromkeys(task.cell for task in (*done, *waiting))
    both = [*waiting, *arrived]
    cells.update(dict.fromkeys(task.cell for task in both))
    place = {cell: index for index, cell in enumerate(cells)}
    return sorted(both, key=lambda task: (task.repeat, place[task.cell], task.side))


def wait_for_any(futures: Collection[Future[Any]]) -> None:
    """Wait, waking often enough for Ctrl-C to be heard."""
    while futures and not any(future.done() for future in futures):
        time.sleep(_POLL)


@contextmanager
def ended_by(interrupt: Callable[[], None], futures: Collection[Future[Any]]) -> Iterator[None]:
    """On Ctrl-C in the block, end what `futures` wait for by `interrupt` until all are done.

    Without this a pool would wait for a build of minutes. Asking again is needed: a thread
    may start another process after the first was ended. Further Ctrl-C change nothing.
    """
    try:
        yield
    except KeyboardInterrupt:
        for future in futures:
            future.cancel()
        while not all(future.done() for future in futures):
            with suppress(KeyboardInterrupt):
                interrupt()
                time.sleep(_POLL)
        raise


def wait_for_all(futures: Collection[Future[Any]]) -> None:
    """Wait until every one is done, however it ended, hearing Ctrl-C meanwhile."""
    while not all(future.done() for future in futures):
        time.sleep(_POLL)
