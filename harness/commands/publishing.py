"""Telling a result: printed and written, and its exit code kept whatever fails in that."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console

from harness.report import files, reproducers, terminal
from harness.vocabulary.errors import ExitCode
from harness.vocabulary.gated import GateReport


def publish(
    report: GateReport,
    directory: Path | None,
    json_file: Path | None,
    scripts: Path | None = None,
    render: Callable[[GateReport, Console], object] = terminal.render,
) -> int:
    """Print the report by `render` and write what `--report`, `--json` and `--reproduce` ask for;
    returns the exit code."""
    if report.exit_code == ExitCode.INTERRUPTED:
        scripts = None  # none were made: a list of none would replace that of another time
    return tell(
        report.exit_code,
        lambda console: render(report, console),
        lambda: files.write(report, directory) if directory is not None else None,
        lambda: files.write_json(report, json_file) if json_file is not None else None,
        lambda: _write_scripts(report, scripts) if scripts is not None else None,
    )


def _write_scripts(report: GateReport, directory: Path) -> None:
    """The scripts, and then their list, which is not to name what is not there: where one of them
    cannot be written there is none, not that of another time either."""
    with suppress(OSError):
        (directory / reproducers.LIST).unlink(missing_ok=True)
    files.write_forms(reproducers.scripts(report), directory, "--reproduce")
    listed = {reproducers.LIST: lambda: reproducers.listed(report)}
    files.write_forms(listed, directory, "--reproduce")


def tell(code: int, show: Callable[[Console], object], *writings: Callable[[], object]) -> int:
    """Show a result and write it; returns the exit code.

    It is `code`, where that is not 0, whatever could not be written: a change that was found
    must not look like a disk that was full. Else what was not told makes it 4.
    """
    failures: list[str] = []
    for step in (lambda: _print(show), *writings):
        with _noted(failures):
            step()
    for failure in failures:
        say(f"harness: {failure}")
    return int(ExitCode.INCONCLUSIVE) if failures and code == 0 else code


def say(text: str) -> None:
    """One line on standard error, whether anybody reads it or not."""
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


class _Printer(Console):
    """A console that says so when its reader went away, instead of ending the process."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


@contextmanager
def _noted(failures: list[str]) -> Iterator[None]:
    try:
        yield
    except files.ReportError as error:
        failures.append(str(error))


def _print(show: Callable[[Console], object]) -> None:
    """A reader that went away, as `head` does, has read what it wanted."""
    try:
        show(_Printer())
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    except OSError as error:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        raise files.ReportError(
            f"the report cannot be printed: {error.strerror}",
            where="standard output",
            next="--report DIR or --json FILE write it elsewhere",
        ) from error
