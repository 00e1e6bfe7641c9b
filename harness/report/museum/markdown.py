"""The museum as Markdown that GitHub renders."""

from __future__ import annotations

from harness.report.museum import rows
from harness.report.tables import cell, table
from harness.vocabulary.museum import CaseResult, Museum, Standing


def to_markdown(museum: Museum) -> str:
    """`museum` as Markdown: the numbers, then a table a standing, worst first."""
    lines = [f"## {cell(rows.headline(museum))}"]
    lines += ["", rows.tiers(museum)] if rows.tiers(museum) else []
    for standing in Standing:
        results = [each for each in museum.results if each.standing is standing]
        if results:
            title = f"{standing.value.capitalize()} ({len(results)}): {rows.MEANING[standing]}"
            lines += ["", f"### {title}", ""]
            lines += table(("case", "change", "expected", "seen", "s"), map(_row, results))
    return "\n".join(lines) + "\n"


def _row(result: CaseResult) -> tuple[str, ...]:
    case = result.case
    seen = rows.finders(result) or list(result.others)
    told = "; ".join(f"{each.verdict} by `{each.behaviour}`" for each in seen[:3])
    more = f" and {len(seen) - 3} more" if len(seen) > 3 else ""
    return (
        f"`{case.id}`",
        f"{rows.stacks(case)}: {case.what}",
        rows.kinds(case),
        f"{told}{more}" or result.reason,
        f"{result.seconds:.0f}",
    )
