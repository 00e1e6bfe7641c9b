"""A reproducer: one stand-alone script that shows a change, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reproducer:
    """`script` is what was seen to show the change under the candidate and not under the baseline,
    to be saved as `name`. Where there is none both are empty, and `reason` says why."""

    behaviour: str
    cell: str
    name: str = ""
    script: str = ""
    reason: str = ""
