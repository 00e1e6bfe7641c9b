"""The scripts of a report as files, and a list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from harness.report.plain import one_line
from harness.report.words import plural
from harness.vocabulary.gated import GateReport
from harness.vocabulary.reproducers import COULD_NOT_RUN, SHOWS, SHOWS_NOT

LIST = "README.md"


def scripts(report: GateReport) -> Mapping[str, Callable[[], str]]:
    """Each script by its file's name."""
    return {each.name: partial(str, each.script) for each in report.reproducers if each.script}


def named(report: GateReport, directory: Path) -> GateReport:
    """`report` with each script's place in `directory` beside the behaviour that it shows."""
    files = {(each.behaviour, each.cell): each.name for each in report.reproducers if each.script}
    behaviours = tuple(
        replace(each, script=str(directory / files[each.behaviour, each.cell]))
        if (each.behaviour, each.cell) in files
        else each
        for each in report.behaviours
    )
    return replace(report, behaviours=behaviours)


def listed(report: GateReport) -> str:
    """Which script shows which change, and why the others have none."""
    shown = [each for each in report.reproducers if each.script]
    without = [each for each in report.reproducers if not each.script]
    between = f"from {one_line(report.baseline_name)} to {one_line(report.candidate_name)}"
    lines = [f"# {plural(len(shown), 'script')}", ""]
    if shown:
        lines += [*_usage(between), *(f"- `{e.name}`: {e.behaviour} in {e.cell}" for e in shown)]
    elif without:
        lines.append(f"No change {between} has one.")
    else:
        lines.append(f"Nothing changed {between} that a script could show.")
    if without:
        lines += ["", "No script:", ""]
        lines += [f"- {each.behaviour} in {each.cell}: {one_line(each.reason)}" for each in without]
    return "\n".join(lines) + "\n"


def _usage(between: str) -> Iterator[str]:
    yield (
        f"Each shows a change {between} and needs nothing but [uv](https://docs.astral.sh/uv/): "
        "`uv run FILE` has the candidate's versions and exits 1, `uv run FILE --baseline` has the "
        "baseline's and exits 0. Both were seen."
    )
    yield ""
    yield (
        f"The last line says it in words: `{SHOWS}` (1), `{SHOWS_NOT}` (0), or "
        f"`{COULD_NOT_RUN}…` (2). Go by that line: uv itself exits 1 or 2 as well where it cannot "
        "resolve or fetch what a script names, says why (`No solution found …`, `error: …`), and "
        "there is no such line then."
    )
    yield ""
