"""How many threads a run may be asked to compute with."""

from __future__ import annotations

import os

_OF_A_CORE = 4
_ANYWHERE = 256


def most_threads() -> int:
    """The most that can be meant: beyond some a core they only wait for one another.

    As many as a large server has are allowed on any machine: numbers depend on how many threads
    share a sum, and those of the server may have to be looked at on a small one.
    """
    return max(_ANYWHERE, _OF_A_CORE * (os.cpu_count() or 1))
