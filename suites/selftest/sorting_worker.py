"""A worker program of a tiny task, sorting; what is wrong with it is the plant of its arm.

Arguments: the arm as JSON, a file that it writes its orders and its process's id into.
"""

from __future__ import annotations

import json
import math
import os
import random
import signal
import sys
import time
from collections.abc import Callable

from harness.bench.schedule import LEAST_ROUNDS
from harness.vocabulary.costs import Arm, Bound, Limit, Quantity
from harness.vocabulary.turns import (
    Answer,
    End,
    Missing,
    Once,
    Ready,
    Turn,
    Turned,
    Warm,
    Warmed,
    line,
    said,
)

SORT = Quantity("model/sort", "s")
FLIP = Quantity("model/flip", "s")
WAVER = Quantity("model/waver", "s")
HELD = Quantity("model/held", "bytes", repeats=False)
COUNT = 2000


def tell(message: Answer) -> None:
    sys.stdout.write(line(message))
    sys.stdout.flush()


def calls(plant: str) -> dict[str, Callable[[], object]]:
    numbers = [(index * 7919) % COUNT for index in range(COUNT)]
    times = 4 if plant == "fourfold" else 1
    return {
        SORT.id: lambda: [sorted(numbers) for _ in range(times)],
        WAVER.id: lambda: sorted(numbers),
        FLIP.id: lambda: numbers[::-1] * 20,
    }


def misbehave(plant: str) -> None:
    """What goes wrong in the last turn that every generation has."""
    if plant == "dies":
        raise SystemExit(7)
    if plant == "hangs":
        time.sleep(600)
    if plant == "babbles":
        print("Loading checkpoint shards: 100%", flush=True)
    if plant == "endless":
        sys.stdout.write("x" * 2**23)
        sys.stdout.flush()
    if plant == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if plant == "swells":
        kept = bytearray(os.urandom(2**20)) * 400
        time.sleep(600 + len(kept) % 2)


def turn(call: Callable[[], object], least: float) -> tuple[float, float, int]:
    done, begun, cpu = 0, time.perf_counter(), time.process_time()
    while done == 0 or time.perf_counter() - begun < least:
        call()
        done += 1
    taken, used = time.perf_counter() - begun, time.process_time() - cpu
    return taken / done, used / done, done


def main(arm: Arm, journal: str, limits: bool) -> None:
    def note(what: str) -> None:
        with open(journal, "a", encoding="utf-8") as file:
            file.write(f"{what} {arm.name} {os.getpid()}\n")

    note(f"{'limits' if limits else 'start'} {time.monotonic()}")
    if arm.plant == "hopeless":
        tell(Missing("", "it cannot sort"))
    tell(Once(HELD.id, 2e9 if arm.plant == "holds" else 1e9))
    limit = (Limit("matmul", "int", 1e9),) if limits else ()
    bound = (Bound(SORT.id, 1e-9, "matmul"),) if limits else ()
    offered = (HELD, SORT, WAVER) if arm.plant == "flipless" else (HELD, SORT, FLIP, WAVER)
    tell(Ready(offered, {"kernels": "none"}, limit, bound))
    note("ready")
    turns = 0
    for text in sys.stdin:
        order = said(text)
        if isinstance(order, End):
            return
        assert isinstance(order, Warm | Turn)
        note(f"{'warm' if isinstance(order, Warm) else 'turn'} {order.quantity}")
        if isinstance(order, Warm):
            tell(Warmed(order.quantity, 3, 1e-4))
            continue
        turns += 1
        if turns == LEAST_ROUNDS:
            misbehave(arm.plant)
        if arm.plant == "unsorted" and order.quantity == SORT.id:
            tell(Missing(order.quantity, "TypeError: unorderable"))
        else:
            made = turn(calls(arm.plant)[order.quantity], order.least)
            factor = math.exp(random.gauss()) if order.quantity == WAVER.id else 1.0
            tell(Turned(order.quantity, factor * made[0], *made[1:]))


if __name__ == "__main__":
    main(Arm(**json.loads(sys.argv[1])), sys.argv[2], sys.argv[3:] == ["--limits"])
