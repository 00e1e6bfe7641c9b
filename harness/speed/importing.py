"""Import time of one library, in a process that imported nothing of its kind before."""

from __future__ import annotations

import importlib
import subprocess
import sys
from time import perf_counter, process_time

from harness.speed.task import Asked, Measured, Opened
from harness.vocabulary.costs import Quantity
from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.stacks import import_name

_LEAST = 0.01


def open_task(asked: Asked) -> Opened:
    """Import the library once, its files in the page cache and compiled."""
    module = import_name(asked.of)
    _import_elsewhere(module)
    cpu, begun = process_time(), perf_counter()
    importlib.import_module(module)
    seconds, cpu = perf_counter() - begun, process_time() - cpu
    quantity = Quantity(asked.quantity("seconds"), "s", repeats=False, least=_LEAST)
    return Opened(once=(Measured(quantity, seconds, cpu),))


def _import_elsewhere(module: str) -> None:
    """A first import reads from the disk and compiles: another process pays for that."""
    done = subprocess.run(
        [sys.executable, "-c", f"import {module}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise NoEvidence(f"{module} cannot be imported: {last or done.returncode}")
