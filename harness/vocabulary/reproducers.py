"""A reproducer: one stand-alone script that shows a change, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

SHOWS = "the change shows"
SHOWS_NOT = "as expected: the change does not show"
COULD_NOT_RUN = "could not run: "
"""How a script's last line begins that says what it found: with exit code 1, 0, 2. uv, which runs
it, has the same exit codes for failures of its own, and none of these lines."""


@dataclass(frozen=True)
class Reproducer:
    """`script` is what was seen to show the change under the candidate and not under the baseline,
    to be saved as `name`. Where there is none both are empty, and `reason` says why."""

    behaviour: str
    cell: str
    name: str = ""
    script: str = ""
    reason: str = ""
