"""What the processor can do."""

from __future__ import annotations

from pathlib import Path


def processor_has(instructions: str) -> bool:
    """Whether the processor has a set of instructions, by its name in Linux (`avx512_bf16`).

    Elsewhere nothing is known, and the answer is no.
    """
    try:
        return instructions in Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return False
