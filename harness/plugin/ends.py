"""What the end of a behaviour means: an exception as a status, and when one is due."""

from __future__ import annotations

from importlib import metadata
from typing import Any

import pytest

from harness.plugin.marks import Until
from harness.vocabulary.errors import FixtureError, RecordError, ran_out
from harness.vocabulary.records import Status

OWN_FILES = (FixtureError, RecordError)
"""Errors of the harness's own files: a fixture, a snapshot or noise that is damaged."""


class SnapshotDiffers(AssertionError):
    """What was observed is not what the snapshot holds."""


def classify(error: BaseException) -> tuple[Status, str]:
    """The status that an exception means, and its reason in a line."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, pytest.skip.Exception):
        return "skipped", str(error.msg)
    if isinstance(error, SnapshotDiffers):
        return "held", ""
    if is_no_evidence(error):
        return "unknown", f"{type(error).__name__}: {text}"
    if isinstance(error, (AssertionError, pytest.fail.Exception)):
        return "failed", text
    return "raised", f"{type(error).__name__}: {text}"


def is_no_evidence(error: BaseException) -> bool:
    """Memory or disk ran out, or a file of ours is damaged: nothing is known of the behaviour."""
    return isinstance(error, OWN_FILES) or ran_out(error)


def without_traceback(excinfo: pytest.ExceptionInfo[BaseException]) -> Any:
    """The words of an error alone: how we came to read a damaged file helps nobody."""
    shown = excinfo.getrepr(style="value")
    if shown.reprcrash is not None:
        shown.reprcrash.message = " ".join(str(excinfo.value).split())
    return shown


def is_due(until: Until) -> bool:
    """Whether this stack has the release since which a behaviour is documented to raise."""
    try:
        installed = metadata.version(until.package)
    except metadata.PackageNotFoundError:
        return False
    return release(installed) >= release(until.version)


def release(version: str) -> tuple[int, ...]:
    """The numeric release segment of a version without trailing zeros: orders releases."""
    numbers: list[int] = []
    for part in version.partition("+")[0].split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
