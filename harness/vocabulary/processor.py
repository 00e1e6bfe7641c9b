"""What the system tells of its processor: both wings tell machines apart by it."""

from __future__ import annotations

from pathlib import Path


def cpuinfo() -> dict[str, str]:
    """The fields of the first processor in Linux's list; none elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}
