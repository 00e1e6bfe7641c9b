"""What a script was seen to do, on disk: its exit code and its last words."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path


def read_seen(kept: Path) -> tuple[int, str] | None:
    """What was kept; None where nothing was, or it is damaged."""
    try:
        code, said = json.loads(kept.read_text(encoding="utf-8"))
        return int(code), str(said)
    except (OSError, ValueError, TypeError):
        return None


def keep_seen(kept: Path, seen: tuple[int, str]) -> None:
    """Keep it: it appears whole or not at all."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=kept.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(seen, file)
    os.replace(name, kept)
