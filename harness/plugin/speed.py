"""Behaviours that measure speed: run where somebody asks for them, and never beside others.

A behaviour measures speed if it takes pytest-benchmark's fixture `benchmark`. Its numbers are no
observation and hold for one machine, so neither a plain run, nor a gate, nor any tier has it:
`--benchmark-only` does, or naming `suites/speed` or its own file.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.vocabulary.errors import UsageError

FIXTURE = "benchmark"
NOT_ASKED = "measures speed (pytest suites/speed --benchmark-only)"
NO_SPEED = "measures no speed (--benchmark-only)"


def check(config: pytest.Config) -> None:
    """pytest-benchmark measures nothing under xdist, and leaves its file unwritten in silence."""
    if getattr(config.option, "numprocesses", None) and _option(config, "json"):
        raise UsageError(
            "pytest-benchmark measures nothing in several processes at once",
            where="--benchmark-json with -n",
            allowed="one process",
            next="leave -n out",
        )


def left_out(item: pytest.Item, home: Path, *, planned: bool) -> str:
    """Why this run leaves the item out, "" if it does not.

    `planned` where the run takes its behaviours from a plan or makes one, as a gate's do.
    """
    only = bool(_option(item.config, "only"))
    if FIXTURE not in getattr(item, "fixturenames", ()):
        return NO_SPEED if only else ""
    asked = only or _is_named(item, home / "suites" / "speed")
    return NOT_ASKED if planned or not asked else ""


def _is_named(item: pytest.Item, folder: Path) -> bool:
    """Whether the command line names the item's file, or what lies in `folder`."""
    here = item.config.invocation_params.dir
    named = [(here / argument.partition("::")[0]).resolve() for argument in item.config.args]
    return any(path == item.path or path.is_relative_to(folder) for path in named)


def _option(config: pytest.Config, name: str) -> object:
    """An option of pytest-benchmark, None in an environment without it."""
    return getattr(config.option, f"benchmark_{name}", None)
