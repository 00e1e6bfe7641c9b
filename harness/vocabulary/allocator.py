"""How the C library of a process is told to allocate."""

from __future__ import annotations

from collections.abc import Mapping

ALLOCATOR = "GLIBC_TUNABLES"
"""Tunes glibc (its manual, "Memory Allocation Tunables"); other C libraries have no such thing."""

HUGE_PAGES: Mapping[str, str] = {ALLOCATOR: "glibc.malloc.hugetlb=1"}
"""Large pages for what a cell allocates, where the kernel gives them when asked: a load that
quantises met three million page faults, 7 s of its 20. Processes of their own that measure memory
or time have none."""
