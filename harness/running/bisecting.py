"""Bisecting one package by hand: its releases laid over one stack, for some behaviours."""

from __future__ import annotations

import difflib
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.version import InvalidVersion, Version

from harness.blame.answers import alike
from harness.blame.bisect import bisect
from harness.blame.world import Listener
from harness.gate.classify import RAN, classify
from harness.gate.plan import Side
from harness.gate.world import Request, StackFailure, World
from harness.running.blaming_mixes import Laid, Versions
from harness.running.blaming_releases import Listing, searched
from harness.running.blaming_sources import Source, SourceStacks
from harness.running.blaming_stacks import MixedStacks, Unmade
from harness.running.blaming_worlds import StackWorld, effort_of, unknowns, with_middles
from harness.running.probing import REFERENCE, Prober
from harness.running.sides import Sides, Standing, resolve
from harness.stacks import UnknownPackage
from harness.vocabulary.blame import BisectReport, Change, Key, Searched
from harness.vocabulary.errors import NoEvidence, StackError, UsageError
from harness.vocabulary.records import Outcome
from harness.vocabulary.releases import Fit, PackageReleases
from harness.vocabulary.stacks import Lock
from harness.vocabulary.verdicts import Verdict


@dataclass(frozen=True)
class BisectAsked:
    """What the user asked: see `harness bisect`. `cells` empty means all that there are; with
    `source` its commits are searched, and no releases."""

    package: str
    listener: Listener
    releases: Listing
    good: str | None = None
    bad: str | None = None
    cells: tuple[str, ...] = ()
    pre: bool = False
    scan: bool = False
    torch_backend: str | None = None
    source: Source | None = None


def run_bisect(asked: BisectAsked, request: Request, world: World) -> BisectReport:
    """The history of the behaviours that `request` selects, over the releases of a package.

    The releases are laid over `request.candidate`. Raises HarnessError for what the user can
    mend, StackError where the stack or an end cannot be made, NoEvidence, and
    KeyboardInterrupt; every probe that ended is kept.
    """
    try:
        return _run(asked, request, world)
    except StackFailure as failure:
        raise failure.error from None


def _run(asked: BisectAsked, request: Request, world: World) -> BisectReport:
    begun = time.monotonic()
    locks: dict[Side, Lock] = {}
    resolve(request, world, locks, ("candidate",))
    lock = locks["candidate"]
    span, stacks = _searched(asked, lock, world)
    standing = Sides(request, world, locks).stand()
    cells = {planned.cell.id: planned.cell for planned in standing.plan}
    keys = _keys(standing, asked.cells)
    prober = Prober(standing, cells, stacks.interrupt)

    def versions(release: str) -> Versions:
        return {span.package: release}

    bare = StackWorld[str]({}, stacks, prober, versions)
    with prober.searching():
        changes = _changes(bare, span, keys)
    idle = [key for key, each in changes.items() if _is_idle(each, scan=asked.scan)]
    skips = [changes.pop(key) for key in idle]
    if len(skips) == len(keys):
        raise UsageError(
            f"nothing of what was asked for runs at an end: {_why(skips)}",
            where=f"{', '.join(request.select)} in {lock.name}",
            allowed="behaviours that run in this stack at one end at least",
            next="another --behaviour, or a --stack that has what they need",
        )
    if not changes:
        raise NoEvidence(
            "what was asked for came to nothing at an end",
            where=f"{span.package} {span.releases[0]}, {span.releases[-1]}",
            allowed="behaviours that run at both ends",
            next="the same with another --good or --bad",
        )
    moved = {key: each for key, each in changes.items() if each.verdict is not Verdict.SAME}
    scan = asked.scan or not moved
    chosen = changes if scan else moved
    stacked = replace(bare, changes=chosen)
    with prober.searching():
        found = bisect(
            span.package,
            span.releases,
            list(chosen),
            stacked,
            asked.listener,
            scan=scan,
            place=span.place,
        )
    histories = tuple(with_middles(stacked, each) for each in found.values())
    notes = list(_notes(asked, len(keys) - len(skips), changes, chosen))
    if skips:
        notes.append(f"{len(skips)} more run at neither end: {_why(skips)}")
    return BisectReport(
        lock,
        span,
        histories,
        chosen,
        effort_of(stacks, prober, time.monotonic() - begun),
        (*notes, *unknowns(stacked, histories), *standing.cells.notes),
    )


def _notes(
    asked: BisectAsked,
    wanted: int,
    changes: Mapping[Key, Change],
    chosen: Mapping[Key, Change],
) -> Iterator[str]:
    """What of the behaviours asked for was not searched, or searched otherwise, and why."""
    if len(changes) < wanted:
        yield f"{wanted - len(changes)} of {wanted} gave no evidence at an end"
    if len(chosen) < len(changes):
        yield f"{len(changes) - len(chosen)} are the same at both ends: --scan looks between"
    elif not asked.scan and all(each.verdict is Verdict.SAME for each in chosen.values()):
        probed = "one commit in every few" if asked.source else "every minor version"
        yield f"both ends are the same: {probed} between was probed"


def _searched(asked: BisectAsked, lock: Lock, world: World) -> tuple[Searched, MixedStacks]:
    """What to search, and what makes its stacks."""
    if asked.source is not None:
        stacks = SourceStacks(asked.source, lock, world, asked.torch_backend)
        return asked.source.searched, stacks
    span = span_of(asked, _listing(asked, lock), lock)
    return span, MixedStacks(lock, None, world, asked.torch_backend)


def _listing(asked: BisectAsked, lock: Lock) -> PackageReleases:
    """All releases of the package. Raises UsageError where the index does not know it."""
    try:
        return asked.releases(asked.package)
    except UnknownPackage as error:
        near = difflib.get_close_matches(asked.package.lower(), lock.versions)
        told = f", as {', '.join(near)} of {lock.name}" if near else ""
        raise UsageError(
            error.what,
            where=error.where,
            allowed=f"a package of the index{told}",
            next=f"harness bisect {near[0]} …" if near else error.next,
        ) from None


def span_of(asked: BisectAsked, listing: PackageReleases, lock: Lock) -> Searched:
    """The releases between the ends asked for.

    Without a bad end it is the stack's own version, without a good one the first release of
    that major version.
    """
    bad = asked.bad or lock.versions.get(listing.package)
    if bad is None:
        raise UsageError(
            f"{lock.name} has no {listing.package}, so that its bad end is not known",
            where=f"harness bisect {asked.package}",
            allowed="a package of the stack, or --bad V",
            next=f"harness bisect {asked.package} --bad {listing.releases[-1].version} …",
        )
    _check_end("--bad", bad, listing, lock)
    good = asked.good or _older(listing, bad)
    _check_end("--good", good, listing, lock)
    if Version(good) > Version(bad):
        raise UsageError(
            f"{listing.package} {good} is newer than {bad}",
            where=f"--good {good} --bad {bad}",
            allowed="--good is the older end: what is gone again is told as such",
            next=f"harness bisect {listing.package} --good {bad} --bad {good} …",
        )
    return searched(listing, good, bad, pre=asked.pre)


def _check_end(option: str, end: str, listing: PackageReleases, lock: Lock) -> None:
    """Raise UsageError where `end` is neither on the index nor in the stack."""
    known = listing.by_version
    if end not in known and end != lock.versions.get(listing.package):
        raise UsageError(
            f"{listing.package} has no release {end!r}",
            where=f"{option} {end}",
            allowed=", ".join(list(known)[-8:]),
            next=f"harness bisect {listing.package} {option} {_nearest(end, known)} …",
        )


def _older(listing: PackageReleases, bad: str) -> str:
    """The first release of the major version of `bad`; of all where `bad` is that one."""
    fit = [
        Version(each.version)
        for each in listing.releases
        if each.fit is not Fit.NONE and not each.yanked
    ]
    whole = [version for version in fit if not version.is_prerelease and version < Version(bad)]
    same = [version for version in whole if version.major == Version(bad).major]
    return str((same or whole or [Version(bad)])[0])


def _nearest(end: str, known: Collection[str]) -> str:
    try:
        older = [each for each in known if Version(each) <= Version(end)]
    except InvalidVersion:
        older = difflib.get_close_matches(end, known, n=1)
    return older[-1] if older else next(iter(known))


def _keys(standing: Standing, cells: Collection[str]) -> list[Key]:
    """What to search for: every behaviour chosen, in every cell chosen."""
    every = [(name, each.cell.id) for each in standing.plan for name in each.behaviours]
    keys = [key for key in every if not cells or key[1] in cells]
    if not keys:
        raise UsageError(
            f"no such cell: {', '.join(cells)}",
            where=f"--cell {','.join(cells)}",
            allowed=", ".join(dict.fromkeys(cell for _, cell in every)),
            next=f"--cell {every[0][1]}",
        )
    return keys


def _changes(world: StackWorld[str], searched: Searched, keys: Sequence[Key]) -> dict[Key, Change]:
    """What each behaviour did at both ends: by this the releases between are told apart."""
    ends = (searched.releases[0], searched.releases[-1])
    good, bad = (_end(world, searched, end, keys) for end in ends)
    return {
        key: Change(*key, _verdict(good[key], bad[key]), good[key], bad[key])
        for key in keys
        if key in good and key in bad and "unknown" not in (good[key].status, bad[key].status)
    }


def _is_idle(change: Change, *, scan: bool) -> bool:
    """Whether it came to pass at neither end, so that there is nothing to search for.

    A scan looks for what is skipped at both and not between; what a library lacks for stays out.
    """
    ends = {end.status for end in (change.baseline, change.candidate) if end is not None}
    return ends == {"absent"} if scan else ends.isdisjoint(RAN)


def _why(changes: Collection[Change]) -> str:
    """Why these did not run, each reason once."""
    ends = (end for each in changes for end in (each.baseline, each.candidate))
    return "; ".join(dict.fromkeys(end.reason or end.status for end in ends if end is not None))


def _verdict(good: Outcome, bad: Outcome) -> Verdict:
    """What a gate says of two ends; of two that fail alike, that they are the same."""
    return Verdict.SAME if alike(good, bad) else classify(good, bad).verdict or Verdict.SAME


def _end(
    world: StackWorld[str], searched: Searched, release: str, keys: Sequence[Key]
) -> Mapping[Key, Outcome]:
    laid = world.stacks.lay(world.versions(release))
    built = world.stacks.build(laid.lock) if isinstance(laid, Laid) else laid
    if isinstance(laid, Laid) and not isinstance(built, Unmade):
        return world.outcomes(laid.lock, keys, REFERENCE) or {}
    raise StackError(
        f"{searched.package} {release} cannot be laid over the stack",
        where=built.reason if isinstance(built, Unmade) else "",
        allowed="ends with which the stack resolves and installs",
        next=f"harness bisect {searched.package} --stack core, or another --good or --bad",
    )
