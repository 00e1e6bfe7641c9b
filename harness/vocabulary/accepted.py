"""Changes that somebody accepted: until which release, and what became of each in a gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, get_args

Kind = Literal["behaviour", "quantity", "package"]
"""What an entry may name: verdicts are said of each."""

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Accepted:
    """An entry of a file of accepted changes.

    `named` is of a `kind`: behaviours as `--select` takes them; the id of a quantity whose cost is
    compared, or a pattern with `*`, `model/decode*`; or a package that does not import. `cell` is
    the id of a cell or a pattern. The acceptance holds as long as the candidate's version of
    `package` is within `versions`, as `<5.25`. `file` is where the entry stands.
    """

    id: str
    named: str
    verdict: str
    reason: str
    owner: str
    package: str
    versions: str
    cell: str = "*"
    file: str = ""
    kind: Kind = "behaviour"

    @property
    def until(self) -> str:
        return f"{self.package}{self.versions}"


class Standing(StrEnum):
    """What became of an entry in a gate; `unmatched` and `expired` fail it.

    `holds`: what it accepts is there. `unseen`: nothing can be said, as what it names did not
    run, not all of it, or without evidence. `unmatched`: it is not there. `expired`: its bound
    has passed.
    """

    HOLDS = "holds"
    UNSEEN = "unseen"
    UNMATCHED = "unmatched"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Acceptance:
    """An entry after a gate.

    `found` counts the verdicts where the entry looks, also those that it does not accept;
    `version` is the candidate's of its package, None where the candidate has no such package.
    """

    entry: Accepted
    standing: Standing
    found: Mapping[str, int] = field(default_factory=dict)
    version: str | None = None

    @property
    def fails(self) -> bool:
        return self.standing in (Standing.UNMATCHED, Standing.EXPIRED)

    @property
    def accepts(self) -> int:
        """How many changes it keeps from failing the gate."""
        return self.found.get(self.entry.verdict, 0) if self.standing is Standing.HOLDS else 0
