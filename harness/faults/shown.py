"""Behaviours that many faults are shown to."""

from __future__ import annotations


def tiny(*types: str, only: str = "") -> tuple[str, ...]:
    """The behaviours on tiny checkpoints of these types; `only` a part of their names."""
    name = f"*{only}*" if only else "*"
    return tuple(f"architectures/test_tiny_{name}[[]{each}]" for each in types)
