"""The pytest plugin: cells as parameters, loaded subjects as fixtures, observations, run records.

Activated by the project's `conftest.py`, or anywhere by `pytest -p harness.plugin`. Only its
options are an entry point, so that installing the harness leaves a user's other test runs alone.
"""

from __future__ import annotations

from harness.plugin.marks import documents, needs, precisions, requires, tier, until

__all__ = ["documents", "needs", "precisions", "pytest_plugins", "requires", "tier", "until"]

pytest_plugins = (
    "harness.plugin.arguments",
    "harness.plugin.options",
    "harness.plugin.preparing",
    "harness.plugin.selection",
    "harness.plugin.fixtures",
    "harness.plugin.installing",
    "harness.plugin.batching",
    "harness.plugin.outcomes",
    "harness.plugin.faulting",
    "harness.plugin.summary",
    "harness.plugin.leaving",
)
