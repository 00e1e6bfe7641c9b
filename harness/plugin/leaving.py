"""`--end-at-once`: the process of a cell ends when its record and its summary are written."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from harness.measure.leaving import leave

ENDED = pytest.StashKey[int]()
"""The exit code of a session of which everything is written."""

_TOLD = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.INTERRUPTED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)
"""Ends of which pytest has nothing more to say: what was wrong with a usage it says later."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Where finishing itself fails, pytest has to say so, too."""
    result = yield
    if session.exitstatus in _TOLD:
        session.config.stash[ENDED] = int(session.exitstatus)
    return result


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave, after every other plugin."""
    code = config.stash.get(ENDED, None)
    if code is not None and config.option.end_at_once:
        leave(code)
