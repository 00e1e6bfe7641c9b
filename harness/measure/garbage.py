"""How often a process looks for reference cycles."""

from __future__ import annotations

import gc

CREATED = 10_000
"""Objects created between two looks. Importing torch and transformers makes a million that stay:
at CPython 3.11's usual 700, looking at them took a seventh of a short run."""


def collect_seldom() -> None:
    """Before libraries are imported: have the youngest objects looked at every `CREATED`."""
    gc.set_threshold(CREATED, *gc.get_threshold()[1:])
