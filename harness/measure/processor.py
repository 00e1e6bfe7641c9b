"""What the processor is called and what it can do."""

from __future__ import annotations

import platform
from pathlib import Path


def processor_has(instructions: str) -> bool:
    """Whether the processor has a set of instructions, by its name in Linux (`avx512_bf16`).

    Elsewhere nothing is known, and the answer is no.
    """
    return instructions in _cpuinfo().split()


def processor_name() -> str:
    """The processor's model as Linux names it; elsewhere what Python knows of it."""
    for line in _cpuinfo().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
