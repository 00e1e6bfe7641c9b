"""Errors that say what happened, where, what was allowed, and what to type next."""

from __future__ import annotations

import errno
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's end means to the CI that called it."""

    NOTHING_CHANGED = 0
    CHANGED = 1
    USAGE = 2
    CANNOT_BUILD = 3
    INCONCLUSIVE = 4
    INTERRUPTED = 130


class HarnessError(Exception):
    """Base of every error a user may meet.

    Fields: `what` went wrong, `where` (a file, option or package), what was `allowed`
    there, and what to type `next`. The last three may be empty.
    """

    exit_code: ExitCode = ExitCode.USAGE

    def __init__(self, what: str, *, where: str = "", allowed: str = "", next: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.allowed = allowed
        self.next = next

    def __str__(self) -> str:
        parts = [self.what]
        if self.where:
            parts.append(f"  where:   {self.where}")
        if self.allowed:
            parts.append(f"  allowed: {self.allowed}")
        if self.next:
            parts.append(f"  next:    {self.next}")
        return "\n".join(parts)


class UsageError(HarnessError):
    """The user asked for something that does not exist or does not go together."""


class StackError(HarnessError):
    """A stack cannot be resolved, installed or used."""

    exit_code = ExitCode.CANNOT_BUILD


class SubjectError(HarnessError):
    """A subject's files are missing, damaged, or not what its entry says."""


class RecordError(HarnessError):
    """A run record or snapshot cannot be read."""


class FixtureError(HarnessError):
    """A file that comes with the project is missing or damaged: it tells nothing of a library."""


class NoEvidence(HarnessError):
    """Memory, time, disk or network ran out: nothing can be said either way."""

    exit_code = ExitCode.INCONCLUSIVE


def ran_out(error: BaseException) -> bool:
    """Whether memory or disk ran out, or something said so: nothing is known of what was done."""
    if isinstance(error, MemoryError | NoEvidence):
        return True
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.ENOMEM, errno.EDQUOT):
        return True
    return type(error).__name__ == "OutOfMemoryError" or "you tried to allocate" in str(error)
