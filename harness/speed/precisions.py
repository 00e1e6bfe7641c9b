"""Precisions that a library cannot compute in, refused before anything is loaded."""

from __future__ import annotations

from harness.speed.task import Asked
from harness.vocabulary.cells import PRECISIONS, QUANTISED
from harness.vocabulary.errors import UsageError


def refuse_quantised(asked: Asked, what: str) -> None:
    """Raise UsageError where the arm's precision is a quantised one, which `what` does not take."""
    if asked.arm.precision in QUANTISED:
        raise UsageError(
            f"{what} takes no weights in {asked.arm.precision}",
            where="--precision",
            allowed=", ".join(name for name in PRECISIONS if name not in QUANTISED),
        )
