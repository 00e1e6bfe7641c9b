"""`--end-at-once`: the process of a cell ends when its record and its summary are written."""

from __future__ import annotations

import pytest

from harness.measure.leaving import leave

SESSION = pytest.StashKey[pytest.Session]()


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[SESSION] = session


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave, after every other plugin; but where the options made no sense, pytest says so."""
    session = config.stash.get(SESSION, None)
    if session is not None and config.option.end_at_once:
        leave(int(session.exitstatus))
