"""What the time of a worker's calls depends on beside its stack."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path

from harness.measure.processor import processor_name
from harness.vocabulary.stacks import LIBRARIES


def machine(threads: int) -> dict[str, str]:
    """Processor, cores, memory, threads, system, interpreter; torch's kernel level and GPU.

    torch is asked only if the task imported it.
    """
    found = {
        "processor": processor_name(),
        "cores": str(_cores()),
        "memory": _memory(),
        "threads": str(threads),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "cuda"):
        found["kernels"] = torch.backends.cpu.get_cpu_capability()
        if torch.cuda.is_initialized():
            found["gpu"] = torch.cuda.get_device_name()
    return found


def versions() -> dict[str, str]:
    """The libraries under test that this stack has, by their names on the package index."""
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> str:
    try:
        total = Path("/proc/meminfo").read_text(encoding="ascii").split()[1]
        return f"{int(total) / 2**20:.0f} GiB"
    except (OSError, ValueError, IndexError):
        return "unknown"
