"""A report from two run records alone. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from harness.gate.accepted import OF_RECORDS, accept
from harness.gate.compare import Imports, Key, compare_runs, package_verdicts, snapshot_note
from harness.gate.exitcode import exit_code
from harness.gate.notes import noise_note
from harness.vocabulary.accepted import Accepted
from harness.vocabulary.errors import ExitCode
from harness.vocabulary.gated import GateReport
from harness.vocabulary.records import Header, Outcome, Record
from harness.vocabulary.stacks import Lock, Move
from harness.vocabulary.verdicts import FAILS_A_GATE, Verdict

Named = tuple[str, Record]


def compare_records(
    baseline: Named,
    candidate: Named,
    fail_on: Collection[Verdict] = FAILS_A_GATE,
    seconds: Callable[[], float] = lambda: 0.0,
    accepted: Sequence[Accepted] = (),
) -> GateReport:
    """Compare two records, each with the name it goes by.

    What a record that was cut off did not reach is `unknown`, not `gone`.
    """
    (old_name, old), (new_name, new) = baseline, candidate
    before, after = _outcomes(old), _outcomes(new)
    comparison = compare_runs(
        [before | _cut_off(old, after, before)], [after | _cut_off(new, before, after)]
    )
    locks = [_lock(name, record.header) for name, record in (baseline, candidate)]
    packages = package_verdicts(_imports(old.header), _imports(new.header))
    notes = [
        *_faults(("baseline", old.header), ("candidate", new.header)),
        _different_machines(old.header, new.header),
        noise_note(before.values()),
        snapshot_note(before, comparison),
    ]
    report = GateReport(
        baseline=locks[0],
        candidate=locks[1],
        moved=_moves(locks[0], locks[1]),
        stack_verdict="built",
        stack_reason="",
        packages=packages,
        behaviours=comparison.behaviours,
        skipped=comparison.skipped,
        notes=tuple(note for note in notes if note),
        exit_code=int(ExitCode.INCONCLUSIVE),
        seconds=seconds(),
        baseline_name=old_name,
        candidate_name=new_name,
        fail_on=frozenset(fail_on),
    )
    report = accept(report, accepted, OF_RECORDS)
    code = exit_code("built", packages, report.behaviours, fail_on, accepted=report.accepted)
    return replace(report, exit_code=int(code))


def _outcomes(record: Record) -> dict[Key, Outcome]:
    return {outcome.key: outcome for outcome in record.outcomes}


def _cut_off(
    record: Record, other: dict[Key, Outcome], own: dict[Key, Outcome]
) -> dict[Key, Outcome]:
    """An `unknown` for what the other record has and this one, cut off, did not reach."""
    if record.complete:
        return {}
    reason = "the run record was cut off before"
    missing = {key for key in other if key not in own}
    if record.interrupted_in is not None:
        missing.add(record.interrupted_in)
    return {key: Outcome(*key, "unknown", reason) for key in sorted(missing)}


def _lock(name: str, header: Header) -> Lock:
    return Lock(name, tuple(sorted(header.versions.items())))


def _imports(header: Header) -> Imports:
    return Imports(header.imports, frozenset(header.versions))


def _moves(old: Lock, new: Lock) -> tuple[Move, ...]:
    before, after = old.versions, new.versions
    return tuple(
        Move(package, before.get(package), after.get(package))
        for package in sorted({*before, *after})
        if before.get(package) != after.get(package)
    )


def _faults(*sides: tuple[str, Header]) -> list[str]:
    return [
        f"the run of the {side} had a fault put into a library: {header.fault}"
        for side, header in sides
        if header.fault
    ]


def _different_machines(old: Header, new: Header) -> str:
    parts = [
        f"{name} {old.hardware.get(name)} and {new.hardware.get(name)}"
        for name in sorted({*old.hardware, *new.hardware})
        if old.hardware.get(name) != new.hardware.get(name)
    ]
    return f"the records are of different machines: {'; '.join(parts)}" if parts else ""
