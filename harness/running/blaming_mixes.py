"""Stacks that were mixed before, on disk: what resolved once resolves again."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.gate.plan import digest
from harness.running.kept import keep_json
from harness.vocabulary.stacks import Lock

Versions = Mapping[str, str | None]
"""Packages at a version, or gone."""


@dataclass(frozen=True)
class Laid:
    """A stack with the versions asked for, and what had to move beside them."""

    lock: Lock
    companions: tuple[tuple[str, str], ...] = ()


class MixStore:
    """`directory/<key>.json` holds a stack, named by all that it was mixed from.

    That a mix does not resolve is never kept: a release of tomorrow may change it.
    """

    def __init__(self, directory: Path, base: Lock, *others: str | None) -> None:
        self._directory = directory
        self._of = [base.digest, *others, platform.python_version()]

    def get(self, versions: Versions) -> Laid | None:
        """The stack of the base with `versions`; None where it was not kept, or not whole."""
        try:
            fields = json.loads(self._path(versions).read_text(encoding="utf-8"))
            pins, companions = (
                tuple((str(name), str(version)) for name, version in fields[part])
                for part in ("pins", "companions")
            )
            return Laid(Lock(str(fields["name"]), pins), companions)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, versions: Versions, laid: Laid) -> None:
        """Keep a stack: it appears whole or not at all."""
        fields = {"name": laid.lock.name, "pins": laid.lock.pins, "companions": laid.companions}
        keep_json(self._path(versions), fields)

    def _path(self, versions: Versions) -> Path:
        return self._directory / f"{digest([*self._of, sorted(versions.items())])}.json"
