"""How a process ended: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EndKind = Literal["exited", "signalled", "timeout", "memory"]


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    `kind`: `exited` by itself with exit status `code`; `signalled` by signal number
    `code`; `timeout` and `memory` were ended by the harness, or, for `memory`, by the
    kernel out of memory. `peak_bytes` is the highest resident memory of the whole tree
    that was seen, in samples 50 ms apart.
    """

    kind: EndKind
    code: int
    seconds: float
    peak_bytes: int
