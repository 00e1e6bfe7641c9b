"""How to see one behaviour again."""

from __future__ import annotations

import pytest

from harness.plugin.options import SETTINGS
from harness.plugin.selection import NEEDS
from harness.vocabulary.tiers import DEFAULT, within


def reproduce(item: pytest.Item) -> str:
    """The one command that runs this behaviour in this cell again."""
    settings = item.config.stash[SETTINGS]
    asked = item.config.option
    parts = [f"pytest '{item.nodeid.partition('@')[0]}'"]
    parts += [f"--subject {name}" for name in asked.subject]
    parts += [f"--subjects-file {asked.subjects_file}"] if asked.subjects_file else []
    if settings.devices != ("cpu",):
        parts.append(f"--device {','.join(settings.devices)}")
    tier = item.stash[NEEDS].tier
    if not within(tier, DEFAULT):
        parts.append(f"--tier {tier}")
    return " ".join(parts)
