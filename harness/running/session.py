"""A gate from two stack arguments to a report: joins what decides with what acts."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from harness.gate.accepted import accept, left_out
from harness.gate.compare import (
    Comparison,
    package_verdicts,
    snapshot_note,
)
from harness.gate.exitcode import exit_code
from harness.gate.notes import noise_note
from harness.gate.plan import SIDES, Side
from harness.gate.world import Request, StackFailure, World
from harness.ledger import changes, confirmed
from harness.running.blaming import BlameAsked, blame
from harness.running.claims import Book, book_of, both
from harness.running.costing import NOTHING_MOVED, CostsAsked, compare_costs, planned
from harness.running.reproducing import of_gate
from harness.running.settling import settle
from harness.running.sides import Sides, resolve
from harness.vocabulary.accepted import Accepted
from harness.vocabulary.costs import BenchReport, CostVerdict
from harness.vocabulary.errors import ExitCode, HarnessError
from harness.vocabulary.gated import GateReport
from harness.vocabulary.stacks import Lock
from harness.vocabulary.subjects import Subject
from harness.vocabulary.verdicts import FAILS_A_GATE, Verdict

IDENTICAL = (
    "both stacks are the same {count} packages: this gate tests the machine and the harness, "
    "not an upgrade"
)


@dataclass(frozen=True)
class Rules:
    """What fails a gate: verdicts, but for the changes that are `accepted`."""

    fail_on: Collection[Verdict] = FAILS_A_GATE
    accepted: Sequence[Accepted] = ()


@dataclass(frozen=True)
class Besides:
    """What a gate is asked for beside the verdicts of behaviours; nothing where it is None.

    `reproduce` asks for scripts that show the changes; it is the entries of the subjects.
    """

    blame: BlameAsked | None = None
    costs: CostsAsked | None = None
    reproduce: Sequence[Subject] | None = None


USUAL = Rules()
ALONE = Besides()


def run_gate(
    request: Request, world: World, rules: Rules = USUAL, besides: Besides = ALONE
) -> GateReport:
    """Gate `request.candidate` against `request.baseline`, by the usual rules unless told.

    A stack that cannot be made is a report, not an error. Raises HarnessError for what the
    user can mend, NoEvidence where disk space or every listing failed, KeyboardInterrupt
    after stopping what ran. Once there are verdicts, Ctrl-C is no error: the report has them, and
    says what is not finished.
    """
    begun = time.monotonic()
    book = book_of(world.places.home)
    locks: dict[Side, Lock] = {}
    try:
        resolve(request, world, locks)
        sides = Sides(request, world, locks)
        report = _beside(_gate(sides, book, rules), sides, rules, besides)
    except StackFailure as failure:
        report = _unbuilt(request, world, locks, failure)
    return replace(report, seconds=time.monotonic() - begun, fail_on=frozenset(rules.fail_on))


def _beside(report: GateReport, sides: Sides, rules: Rules, besides: Besides) -> GateReport:
    """`report` with all that was asked for beside the verdicts; after Ctrl-C without the rest."""
    steps = list(_steps(sides, rules, besides))
    for nth, (_, step) in enumerate(steps):
        try:
            report = step(report)
        except KeyboardInterrupt:
            left = ", ".join(name for name, _ in steps[nth:])
            note = f"interrupted, and not finished: {left}"
            code = int(ExitCode.INTERRUPTED)
            return replace(report, exit_code=code, notes=(*report.notes, note))
    return report


def _steps(
    sides: Sides, rules: Rules, besides: Besides
) -> Iterator[tuple[str, Callable[[GateReport], GateReport]]]:
    """What adds to a report what was asked for, by name."""
    if besides.blame is not None:
        search = partial(_with_blame, asked=besides.blame, sides=sides)
        yield "the search for what brought the changes", search
    if besides.costs is not None:
        yield "the costs", partial(_with_costs, asked=besides.costs, sides=sides, rules=rules)
    if besides.reproduce is not None:
        yield "the scripts", partial(_with_scripts, subjects=besides.reproduce, sides=sides)


def _unbuilt(
    request: Request, world: World, locks: Mapping[Side, Lock], failure: StackFailure
) -> GateReport:
    moved = world.stacks.moves(locks["baseline"], locks["candidate"]) if len(locks) == 2 else ()
    return GateReport(
        baseline=locks.get("baseline"),
        candidate=locks.get("candidate"),
        moved=moved,
        stack_verdict=failure.verdict,
        stack_reason=f"the {failure.side}: {failure.error}",
        packages=(),
        behaviours=(),
        skipped=(),
        notes=world.stacks.notes(request, moved),
        exit_code=int(exit_code(failure.verdict, (), ())),
        seconds=0.0,
        baseline_name=request.baseline,
        candidate_name=request.candidate,
        tier=request.tier,
    )


def _gate(sides: Sides, book: Book, rules: Rules) -> GateReport:
    """Run both sides, repeat what is not the same, and put it together."""
    comparison = settle(sides)
    report = _report(sides, comparison, rules)
    return replace(report, claims=confirmed(changes(*both(sides, book)), comparison.behaviours))


def _with_blame(report: GateReport, asked: BlameAsked, sides: Sides) -> GateReport:
    """`report` with what brought its changes. What ends a search must not lose the gate."""
    try:
        return replace(report, blame=blame(asked, sides, report.behaviours))
    except (HarnessError, OSError) as error:
        return replace(report, notes=(*report.notes, f"what changed was put on nothing: {error}"))


def _with_scripts(report: GateReport, subjects: Sequence[Subject], sides: Sides) -> GateReport:
    """`report` with scripts for its changes. What keeps them from being made must not lose it."""
    try:
        return replace(report, reproducers=of_gate(sides, report.behaviours, subjects))
    except (HarnessError, OSError) as error:
        return replace(report, notes=(*report.notes, f"no scripts were made: {error}"))


def _with_costs(report: GateReport, asked: CostsAsked, sides: Sides, rules: Rules) -> GateReport:
    """`report` with the costs that its moves can have changed."""
    found = planned(asked, report.moved, sides)
    if not found:
        return replace(report, notes=(*report.notes, NOTHING_MOVED))
    bench = compare_costs(asked, found, sides, rules.fail_on)
    return _judged(replace(report, bench=bench), sides, rules)


def _report(sides: Sides, comparison: Comparison, rules: Rules) -> GateReport:
    request, locks, results = sides.request, sides.locks, sides.results
    imports = [results.imports(side, locks[side].versions) for side in SIDES]
    packages = package_verdicts(*imports)
    moved = sides.world.stacks.moves(locks["baseline"], locks["candidate"])
    first = sides.outcomes()[0][0]
    told = [noise_note(first.values()), snapshot_note(first, comparison)]
    notes = [*sides.world.stacks.notes(request, moved), *sides.notes]
    if locks["baseline"].digest == locks["candidate"].digest:
        notes.insert(0, IDENTICAL.format(count=len(locks["baseline"].pins)))
    report = GateReport(
        baseline=locks["baseline"],
        candidate=locks["candidate"],
        moved=moved,
        stack_verdict="built",
        stack_reason="",
        packages=packages,
        behaviours=comparison.behaviours,
        skipped=comparison.skipped,
        notes=(*notes, *results.oddities(), *filter(None, told)),
        exit_code=int(ExitCode.INCONCLUSIVE),
        seconds=0.0,
        baseline_name=request.baseline,
        candidate_name=request.candidate,
        tier=request.tier,
        fail_on=frozenset(rules.fail_on),
    )
    return _judged(report, sides, rules)


def _judged(report: GateReport, sides: Sides, rules: Rules) -> GateReport:
    """`report` with what is accepted, and the exit code that is left."""
    results = sides.results
    report = accept(report, rules.accepted, left_out(sides.request, results.left_out()))
    costs = None if report.bench is None else list(_costs(report.bench))
    code = exit_code(
        "built",
        report.packages,
        report.behaviours,
        rules.fail_on,
        costs,
        report.accepted,
        bool(report.lost),
    )
    if results.oddities() and code == ExitCode.NOTHING_CHANGED:
        code = ExitCode.INCONCLUSIVE  # of what could not be listed nothing is known
    return replace(report, exit_code=int(code))


def _costs(bench: BenchReport) -> Iterator[CostVerdict]:
    """The verdicts of all costs, `same` for one that is accepted."""
    for each in (each for one in bench.comparisons for each in one.compared):
        yield CostVerdict.SAME if each.accepted else each.decision.verdict
