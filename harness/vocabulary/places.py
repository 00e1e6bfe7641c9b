"""Where things lie: the project's own folders, and the user's cache."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from harness.vocabulary.errors import UsageError

_PARTS = ("suites", "fixtures", "snapshots")


def home() -> Path:
    """The folder that holds `suites/`, `fixtures/` and `snapshots/`.

    `$HARNESS_HOME`, else the working directory or one above it, else beside the package.
    Raises UsageError if none of these has all three.
    """
    named = os.environ.get("HARNESS_HOME")
    candidates = [Path(named)] if named else _candidates()
    for candidate in candidates:
        if all((candidate / part).is_dir() for part in _PARTS):
            return candidate.resolve()
    raise UsageError(
        "the project's suites were not found",
        where=str(candidates[0]),
        allowed=f"a folder with {', '.join(_PARTS)}",
        next="run inside a clone of the project, or set HARNESS_HOME to one",
    )


def _candidates() -> list[Path]:
    here = Path.cwd()
    return [here, *here.parents, Path(__file__).resolve().parents[2]]


def cache_dir() -> Path:
    """The user's cache of environments, subjects and cells; `$HARNESS_CACHE` overrides it."""
    named = os.environ.get("HARNESS_CACHE")
    if named:
        return Path(named).expanduser().resolve()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "llm-harness"
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "llm-harness"
