"""What a gate found: of an observation, a behaviour, a package, and all of it together."""

from __future__ import annotations

from dataclasses import dataclass

from harness.vocabulary.accepted import Acceptance, Accepted
from harness.vocabulary.blame import BlameReport
from harness.vocabulary.claims import ClaimChange
from harness.vocabulary.costs import BenchReport, Missed
from harness.vocabulary.observations import Observation
from harness.vocabulary.reproducers import Reproducer
from harness.vocabulary.stacks import Lock, Move
from harness.vocabulary.tiers import DEFAULT, Tier
from harness.vocabulary.verdicts import FAILS_A_GATE, OF_COSTS, Verdict


@dataclass(frozen=True)
class ObservationVerdict:
    """One observation on both sides; None where a side did not make it."""

    name: str
    baseline: Observation | None
    candidate: Observation | None
    verdict: Verdict
    distance: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class BehaviourVerdict:
    """One behaviour in one cell. `runs` counts how often each side ran it, `tier` is the
    smallest that does; `accepted` is the entry for which it does not fail the gate, `script`
    the file with a script that shows it, if there is one."""

    behaviour: str
    cell: str
    verdict: Verdict
    reason: str = ""
    claims: tuple[str, ...] = ()
    observations: tuple[ObservationVerdict, ...] = ()
    reproduce: str = ""
    runs: int = 1
    tier: Tier = DEFAULT
    accepted: Accepted | None = None
    script: str = ""


@dataclass(frozen=True)
class PackageVerdict:
    """`same`, `unimportable`, `fixed` (imports again), `failing`, `new` or `gone`; `accepted` is
    the entry for which it does not fail the gate."""

    package: str
    verdict: str
    reason: str = ""
    accepted: Accepted | None = None


@dataclass(frozen=True)
class Skip:
    reason: str
    count: int


@dataclass(frozen=True)
class GateReport:
    """All that a gate found: what every report is made from.

    `stack_verdict` is `built`, `unsolvable` or `uninstallable`; with the latter two,
    `stack_reason` says why in words and `behaviours` is empty. `notes` are findings
    about the machine or the baseline that are no verdicts; `fail_on` the verdicts that
    failed this gate; `claims` those of the documents on which the two sides disagree;
    `tier` how much of the suites ran, None where records of any were compared; `bench` the
    costs, None where none were to be compared; `accepted` what became of each entry that
    accepts a change; `blame` what brought the changes, None where that was not asked;
    `reproducers` the scripts, where they were asked for; `command` the arguments of the
    command that gated.
    """

    baseline: Lock | None
    candidate: Lock | None
    moved: tuple[Move, ...]
    stack_verdict: str
    stack_reason: str
    packages: tuple[PackageVerdict, ...]
    behaviours: tuple[BehaviourVerdict, ...]
    skipped: tuple[Skip, ...]
    notes: tuple[str, ...]
    exit_code: int
    seconds: float
    baseline_name: str = "reference"
    candidate_name: str = ""
    fail_on: frozenset[Verdict] = FAILS_A_GATE
    claims: tuple[ClaimChange, ...] = ()
    tier: Tier | None = None
    bench: BenchReport | None = None
    accepted: tuple[Acceptance, ...] = ()
    blame: BlameReport | None = None
    reproducers: tuple[Reproducer, ...] = ()
    command: tuple[str, ...] = ()

    @property
    def lost(self) -> tuple[Missed, ...]:
        """What fails this gate as a cost that rose does: what only the candidate cannot do any
        more, where it can do anything at all, and nobody accepts that."""
        compared = self.bench.comparisons if self.bench else ()
        if self.fail_on.isdisjoint(OF_COSTS) or not any(each.compared for each in compared):
            return ()
        return tuple(each for one in compared for each in one.lost if not each.accepted)
