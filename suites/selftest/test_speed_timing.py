"""The clock of a benchmark's worker: what it counts, and what it adds to what it measures."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from itertools import repeat

import pytest

from harness.speed import timing
from harness.speed.task import Measure
from harness.speed.timing import stable, turn, warm
from harness.vocabulary.costs import Quantity

QUANTITY = Quantity("model/decode@64x1", "s")


class Clock:
    """A clock that goes only where a test says so: nobody else's load is on it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def takes(self, seconds: float) -> Callable[[], None]:
        """What takes so long by this clock."""

        def pass_() -> None:
            self.now += seconds

        return pass_


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(timing, "perf_counter", made)
    return made


def test_a_turn_calls_at_least_once_and_counts_its_calls() -> None:
    calls: list[int] = []
    assert turn(Measure(QUANTITY, lambda: calls.append(1)), 0.0).calls == len(calls) == 1
    found = turn(Measure(QUANTITY, lambda: time.sleep(0.001)), 0.05)
    assert found.value >= 0.001
    assert found.value * found.calls >= 0.05


def test_a_turn_prepares_first_and_again_after_each_stretch(clock: Clock) -> None:
    done: list[str] = []
    takes = clock.takes(0.25)
    measure = Measure(
        QUANTITY,
        call=lambda: (done.append("c"), takes()),
        prepare=lambda: done.append("p"),
        stretch=3,
    )
    assert turn(measure, 2.0).calls == 8
    assert "".join(done) == "pcccpcccpcc"


def test_preparing_is_not_measured(clock: Clock) -> None:
    measure = Measure(QUANTITY, clock.takes(0.25), prepare=clock.takes(8.0), stretch=1)
    found = turn(measure, 1.0)
    assert (found.value, found.calls) == (0.25, 4)


def test_the_mean_of_a_turn_is_of_all_its_calls(clock: Clock) -> None:
    # One call, then two more, then the three that a second lacks at a third of a second each.
    pauses = iter([0.5, 0.25, 0.25, 0.5, 0.5, 1.0])
    found = turn(Measure(QUANTITY, lambda: clock.takes(next(pauses))()), 2.0)
    assert (found.value, found.calls) == (0.5, 6)


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


def test_a_warm_up_outlasts_a_slow_beginning(clock: Clock) -> None:
    pauses = iter([0.08, 0.04])
    found = warm(Measure(QUANTITY, lambda: clock.takes(next(pauses, 0.025))()), clock)
    # Two slow calls, and three more until the last two agree with the better of two before.
    assert found.calls == 5
    assert found.call == pytest.approx(0.025)


def test_a_warm_up_of_calls_that_never_settle_ends_when_its_time_is_over(clock: Clock) -> None:
    pauses = iter(0.1 * 1.5**n for n in range(20))
    found = warm(Measure(QUANTITY, lambda: clock.takes(next(pauses))()), clock)
    # 0.1 (1.5^n - 1) / 0.5 seconds are over after n calls: 1.32 after five, 2.08 after six.
    assert found.calls == 6


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
