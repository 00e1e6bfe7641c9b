"""The one command that measures a cost again, between the same two arms."""

from __future__ import annotations

import shlex

from harness.report.plain import one_line
from harness.vocabulary.costs import Arm, Comparison, CostVerdict, Quantity

COSTLIER = frozenset({CostVerdict.SLOWER, CostVerdict.HEAVIER})


def commands(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """A command for each quantity that became dearer, by the quantity's id.

    The arms differ in their stack and in nothing else, as those of a gate do.
    """
    return tuple(
        (one_line(each.quantity.id), _command(comparison, each.quantity))
        for each in comparison.compared
        if each.decision.verdict in COSTLIER
    )


def _command(comparison: Comparison, quantity: Quantity) -> str:
    baseline, candidate = comparison.baseline, comparison.candidate
    parts = ["harness", "bench", "--baseline", baseline.stack, "--candidate", candidate.stack]
    parts += _cell(baseline, quantity.task)
    return one_line(shlex.join([*parts, "--task", quantity.task, "--quantity", quantity.id]))


def _cell(arm: Arm, task: str) -> list[str]:
    """What of an arm a task is about: an import is about its stack alone."""
    if task.startswith("import."):
        return []
    found = ["--subject", arm.subject] if arm.subject else []
    found += ["--precision", arm.precision] if arm.precision != "float32" else []
    return found + (["--device", arm.device] if arm.device != "cpu" else [])
