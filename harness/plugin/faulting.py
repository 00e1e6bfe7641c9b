"""`--fault ID`: one fault in a library under test, from before the first behaviour on."""

from __future__ import annotations

import pytest

from harness.faults import Fault, Patch, fault_named
from harness.plugin.options import SETTINGS
from harness.vocabulary.errors import HarnessError, UsageError

FAULT = pytest.StashKey[Fault]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Raise a usage error for an unknown fault, or more than one."""
    asked = getattr(config.option, "fault", [])
    if not asked or SETTINGS not in config.stash:
        return
    try:
        if len(asked) > 1:
            raise UsageError(
                f"{len(asked)} faults asked for",
                where=" ".join(f"--fault {each}" for each in asked),
                allowed="one fault a run",
                next=f"--fault {asked[0]}",
            )
        config.stash[FAULT] = fault_named(asked[0])
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from None


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
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
    except Exception as error:
        pytest.exit(
            f"the fault {fault.id} cannot be installed: {type(error).__name__}: {error}",
            returncode=pytest.ExitCode.USAGE_ERROR,
        )
