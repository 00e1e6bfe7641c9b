"""What a script is given of the change it shows. These are the types: each script has its own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

BASELINE: dict[str, str] = {}
"""The versions of the baseline where they differ from the header's; "" where it has none."""

ENDS: tuple[str, str] = ("held", "held")
"""How it ended: under the baseline, under the candidate."""

EXPECTED: dict[str, Any] = {}
"""What the baseline observed, of what changed."""

ALLOWED: dict[str, float] = {}
"""How far a number may lie from another and still be the same."""

FILES: dict[str, str] = {}
"""The files that the behaviour reads, compressed."""

CELL: tuple[str, str | None, str | None] = ("", None, None)

ENTRY: Any = SimpleNamespace()
"""The subject, as its registry describes it."""
