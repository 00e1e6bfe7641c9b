"""The clock of a benchmark's worker: what it counts, and what it adds to what it measures."""

from __future__ import annotations

import gc
import threading
import time
from itertools import repeat

import pytest

from harness.speed.task import Measure
from harness.speed.timing import stable, turn, warm
from harness.vocabulary.costs import Quantity

QUANTITY = Quantity("model/decode@64x1", "s")


def test_a_turn_calls_at_least_once_and_counts_its_calls() -> None:
    calls: list[int] = []
    assert turn(Measure(QUANTITY, lambda: calls.append(1)), 0.0).calls == len(calls) == 1
    found = turn(Measure(QUANTITY, lambda: time.sleep(0.001)), 0.05)
    assert found.value >= 0.001
    assert found.value * found.calls >= 0.05


def test_a_turn_prepares_first_and_again_after_each_stretch() -> None:
    done: list[str] = []
    measure = Measure(
        QUANTITY,
        call=lambda: (done.append("c"), time.sleep(0.002)),
        prepare=lambda: done.append("p"),
        stretch=3,
    )
    turn(measure, 0.02)
    stretches = "".join(done).split("p")
    assert stretches[0] == ""
    assert set(stretches[1:-1]) == {"ccc"}
    assert stretches[-1] in ("c", "cc", "ccc")


def test_preparing_is_not_measured() -> None:
    measure = Measure(
        QUANTITY,
        call=lambda: time.sleep(0.001),
        prepare=lambda: time.sleep(0.05),
        stretch=1,
    )
    assert turn(measure, 0.005).value < 0.02


def test_the_time_of_a_device_that_runs_behind_is_measured() -> None:
    """What a call only starts takes 20 ms, and belongs to it."""
    running: list[threading.Thread] = []

    def call() -> None:
        running.append(threading.Thread(target=time.sleep, args=(0.02,)))
        running[-1].start()

    def settle() -> None:
        while running:
            running.pop().join()

    assert turn(Measure(QUANTITY, call, settle=settle), 0.0).value >= 0.02


def test_processor_time_is_told_beside_wall_time() -> None:
    asleep = turn(Measure(QUANTITY, lambda: time.sleep(0.01)), 0.03)
    assert asleep.cpu is not None
    assert asleep.cpu < 0.005
    awake = turn(Measure(QUANTITY, lambda: sum(range(100_000))), 0.03)
    assert awake.cpu is not None
    assert awake.cpu > 0.0


def test_no_collection_happens_in_a_turn_and_collecting_goes_on_after_it() -> None:
    seen = []
    turn(Measure(QUANTITY, lambda: seen.append(gc.isenabled())), 0.0)
    assert seen == [False]
    assert gc.isenabled()

    def broken() -> None:
        raise RuntimeError("no kernel")

    with pytest.raises(RuntimeError, match="no kernel"):
        turn(Measure(QUANTITY, broken), 0.0)
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([1.0], False),
        ([1.0, 1.0, 1.0], False),
        ([1.0, 1.0, 1.0, 1.0], True),
        ([9.0, 1.00, 1.04, 1.03], True),
        ([2.0, 1.5, 1.2, 1.1], False),
        ([2.0, 1.5, 1.2, 1.1, 1.08, 1.07], True),
        ([1.0, 1.0, 1.2, 1.2], False),
    ],
)
def test_stable_is_when_two_times_agree_with_the_two_before(
    times: list[float], expected: bool
) -> None:
    assert stable(times) is expected


def test_a_warm_up_outlasts_a_slow_beginning() -> None:
    pauses = iter([0.08, 0.04])
    found = warm(Measure(QUANTITY, lambda: time.sleep(next(pauses, 0.004))))
    assert found.calls > 4
    assert 0.004 <= found.call < 0.04


def test_a_warm_up_of_calls_that_never_settle_ends_when_its_time_is_over() -> None:
    """The clock goes a second a reading: the third of the two seconds' readings ends it."""
    pause = iter(0.021 * 1.5**n for n in range(20))
    seconds = iter(range(100))
    found = warm(Measure(QUANTITY, lambda: time.sleep(next(pause))), lambda: float(next(seconds)))
    assert 2 <= found.calls <= 4


def test_the_clock_adds_less_than_two_percent() -> None:
    """Against a bare loop around the same calls, interleaved, the best of each.

    It adds some 0.1 %; two good minima on a loaded machine are up to 1.3 % apart.
    """

    def call() -> None:
        sum(range(4000))

    def bare(calls: int) -> float:
        begun = time.process_time()
        for _ in repeat(None, calls):
            call()
        return (time.process_time() - begun) / calls

    measure = Measure(QUANTITY, call)
    clocked, plain = [], []
    for _ in range(60):
        found = turn(measure, 0.005)
        assert found.cpu is not None
        clocked.append(found.cpu)
        plain.append(bare(found.calls))
    assert min(clocked) / min(plain) < 1.02
