"""Why there is no script for a change."""

from __future__ import annotations


class Unflattenable(Exception):
    """A behaviour that cannot be written as one script; `str()` says why, for the report."""
