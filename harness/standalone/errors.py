"""Errors of the harness in a reproducer: the words alone."""

from __future__ import annotations


class HarnessError(Exception):
    exit_code = 2

    def __init__(self, what: str, **more: str) -> None:
        super().__init__(what)
        self.what = what


class CouldNotRun(Exception):
    """Nothing can be said: something is missing that has nothing to do with the change."""
