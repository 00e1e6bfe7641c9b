"""Small faults, put one at a time into the libraries under test: what do the behaviours notice?

Runs inside a stack. One module a library, `of_LIBRARY.py`, found by its name.
"""

from __future__ import annotations

from harness.faults.fault import KINDS, Fault, all_faults, fault, fault_named
from harness.faults.patch import FaultError, Patch

__all__ = ["KINDS", "Fault", "FaultError", "Patch", "all_faults", "fault", "fault_named"]
