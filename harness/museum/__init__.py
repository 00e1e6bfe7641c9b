"""The museum: reading its cases, and deciding whether a gate found each. Pure."""

from __future__ import annotations

from harness.museum.book import FORM, read_cases
from harness.museum.choose import chosen
from harness.museum.judge import judge, unanswered, unseen
from harness.museum.tally import exit_code, tally

__all__ = ["FORM", "chosen", "exit_code", "judge", "read_cases", "tally", "unanswered", "unseen"]
