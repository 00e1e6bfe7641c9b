"""Which changes of a gate are accepted, and which acceptances no longer stand. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from packaging.specifiers import SpecifierSet

from harness.gate.selection import matches
from harness.gate.world import Request
from harness.vocabulary.accepted import Acceptance, Accepted, Standing
from harness.vocabulary.gated import BehaviourVerdict
from harness.vocabulary.tiers import DEFAULT, within
from harness.vocabulary.verdicts import Verdict

NO_EVIDENCE = frozenset({Verdict.UNKNOWN, Verdict.FLAKY})
"""Where one of these is, a change that is accepted may be, or not."""

_CHOOSE_CELLS = frozenset({"--subject", "--precision", "--device"})


@dataclass(frozen=True)
class LeftOut:
    """What a gate was asked not to run: these behaviours, and some cells of the others."""

    behaviours: Collection[str] = ()
    cells: bool = False


def left_out(request: Request, behaviours: Collection[str]) -> LeftOut:
    """What `request` leaves out; `behaviours` are those that its `--select` did."""
    fewer = not within(DEFAULT, request.tier)
    return LeftOut(behaviours, fewer or not _CHOOSE_CELLS.isdisjoint(request.options))


def accept(
    entries: Sequence[Accepted],
    behaviours: Iterable[BehaviourVerdict],
    versions: Mapping[str, str],
    left: LeftOut,
) -> tuple[tuple[BehaviourVerdict, ...], tuple[Acceptance, ...]]:
    """The verdicts, each with the first entry that accepts it, and what became of the entries.

    `versions` are the candidate's. An entry is `unmatched` only where all that it names ran
    and gave evidence: a gate of a part says nothing of an entry for the whole.
    """
    results = tuple(behaviours)
    acceptances = tuple(_acceptance(entry, results, versions, left) for entry in entries)
    holding = [each.entry for each in acceptances if each.standing is Standing.HOLDS]
    accepted = tuple(
        replace(result, accepted=next((e for e in holding if _accepts(e, result)), None))
        for result in results
    )
    return accepted, acceptances


def _acceptance(
    entry: Accepted,
    results: Iterable[BehaviourVerdict],
    versions: Mapping[str, str],
    left: LeftOut,
) -> Acceptance:
    found = Counter(result.verdict for result in results if _names(entry, result))
    version = versions.get(entry.package)
    return Acceptance(entry, _standing(entry, found, version, left), dict(found), version)


def _standing(
    entry: Accepted, found: Mapping[Verdict, int], version: str | None, left: LeftOut
) -> Standing:
    if not found:
        return Standing.UNSEEN
    if version is None or not SpecifierSet(entry.versions).contains(version, prereleases=True):
        return Standing.EXPIRED
    if found.get(entry.verdict):
        return Standing.HOLDS
    if NO_EVIDENCE.intersection(found) or _is_partly(entry, left):
        return Standing.UNSEEN
    return Standing.UNMATCHED


def _is_partly(entry: Accepted, left: LeftOut) -> bool:
    """Whether the change may be in what was left out."""
    other_cells = left.cells and "*" in entry.cell
    return other_cells or any(matches(name, entry.behaviour) for name in left.behaviours)


def _accepts(entry: Accepted, result: BehaviourVerdict) -> bool:
    return result.verdict is entry.verdict and _names(entry, result)


def _names(entry: Accepted, result: BehaviourVerdict) -> bool:
    return matches(result.behaviour, entry.behaviour) and fnmatchcase(result.cell, entry.cell)
