"""`--fault ID`: one fault in a library under test, from before the first behaviour on."""

from __future__ import annotations

import pytest

from harness.faults import Fault, Patch, fault_named
from harness.plugin.options import SETTINGS
from harness.vocabulary.errors import HarnessError, UsageError

FAULT = pytest.StashKey[Fault]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Raise a usage error for an unknown fault, more than one, or one that would be recorded."""
    asked = getattr(config.option, "fault", [])
    if not asked or SETTINGS not in config.stash:
        return
    try:
        config.stash[FAULT] = _the_one(asked)
        if getattr(config.option, "update_snapshots", False):
            raise UsageError(
                "a run with a fault records no snapshots: they would hold what the fault does",
                where=f"--fault {asked[0]} --snapshot-update",
                allowed="one of the two",
                next=f"pytest --fault {asked[0]}",
            )
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from None


def _the_one(asked: list[str]) -> Fault:
    """The fault that was asked for. Raises UsageError."""
    if "" in map(str.strip, asked):
        raise UsageError(
            "--fault is empty",
            where='--fault ""',
            allowed="the id of a fault: harness sensitivity --list",
            next="name one, or leave --fault out",
        )
    faults = [fault_named(each) for each in asked]
    if len(faults) > 1:
        raise UsageError(
            f"{len(asked)} faults asked for",
            where=" ".join(f"--fault {each}" for each in asked),
            allowed="one fault a run",
            next=f"pytest --fault {asked[0]}, or for each in turn: "
            f"harness sensitivity {' '.join(f'--fault {each}' for each in asked)}",
        )
    return faults[0]


def pytest_report_header(config: pytest.Config) -> list[str]:
    return [f"fault: {words}"] if (words := fault_words(config)) else []


def fault_words(config: pytest.Config) -> str:
    """What was put into a library of this run, and what it means; empty without a fault."""
    fault = config.stash.get(FAULT, None)
    return f"{fault.id} was put into {fault.library}: {fault.why}" if fault else ""


def fault_of(config: pytest.Config) -> str:
    """The id of the fault that this run has; empty without one."""
    return config.stash[FAULT].id if FAULT in config.stash else ""


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Import the library and install the fault; the run ends where that cannot be done."""
    fault = session.config.stash.get(FAULT, None)
    if fault is None or session.config.stash[SETTINGS].list_cells is not None:
        return
    try:
        fault.install(Patch(fault.id))
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from None
    except Exception as error:
        raise pytest.UsageError(
            f"the fault {fault.id} cannot be installed: {type(error).__name__}: {error}"
        ) from None
