"""Constructed reports for the tests of harness/report."""

from __future__ import annotations

import math
from dataclasses import replace

from harness.vocabulary.accepted import Acceptance, Accepted, Standing
from harness.vocabulary.claims import Claim, ClaimChange, ClaimVerdict, Entry
from harness.vocabulary.gated import (
    BehaviourVerdict,
    GateReport,
    ObservationVerdict,
    PackageVerdict,
    Skip,
)
from harness.vocabulary.observations import Noise, Observation
from harness.vocabulary.stacks import Lock, Move
from harness.vocabulary.verdicts import Verdict

SCRIPT = "<script>alert('x')</script>"
NOISE = Noise(1e-6, "bound float32")
BASELINE = Lock("reference", (("sae-lens", "6.54.12"), ("torch", "2.13.0")))
CANDIDATE = Lock("candidate", (("sae-lens", "6.51.1"), ("torch", "2.13.0")))


def numeric(baseline: object, candidate: object) -> ObservationVerdict:
    """An observation of numbers that moved, 42 times its noise."""
    return ObservationVerdict(
        "logit_difference",
        Observation("logit_difference", "numeric", baseline, "logits", NOISE),
        Observation("logit_difference", "numeric", candidate, "logits", NOISE),
        Verdict.DRIFTED,
        42.0,
        "largest difference 4.2e-05",
    )


def behaviour(
    verdict: Verdict, cell: str = "smollm2-nf4-cpu", name: str = "", reason: str = ""
) -> BehaviourVerdict:
    return BehaviourVerdict(
        f"circuits/test_ioi.py::test_{name or verdict.value}",
        cell,
        verdict,
        reason,
        ("ioi.difference",),
        () if verdict is Verdict.SAME else (numeric(3.5, 3.6),),
        f"pytest 'suites/circuits/test_ioi.py::test_{name or verdict.value}[{cell}]'",
    )


CLAIM = Claim(f"sae.{SCRIPT}", "sae_lens", f"It is {SCRIPT}.", {"value": SCRIPT})


def of_every_verdict() -> GateReport:
    """A report with each verdict once, hostile text, and numbers that are none."""
    odd = BehaviourVerdict(
        f"loading/test_odd.py::test_{SCRIPT}",
        "minilm-float32-cpu",
        Verdict.CHANGED,
        f"raised {SCRIPT} \x1b[31m\x00 ]]> | ``` & \ud800",
        (SCRIPT,),
        (
            numeric([1.0, 2.0], [math.nan, math.inf]),
            ObservationVerdict(SCRIPT, None, Observation(SCRIPT, "exact", SCRIPT), Verdict.NEW),
            ObservationVerdict(
                "gone", Observation("gone", "cost", -math.inf, "seconds"), None, Verdict.GONE
            ),
            ObservationVerdict(
                "infinite",
                Observation("infinite", "numeric", 1.0),
                Observation("infinite", "numeric", 2.0),
                Verdict.DRIFTED,
                math.inf,
            ),
        ),
        f"pytest {SCRIPT}",
    )
    return GateReport(
        BASELINE,
        CANDIDATE,
        (Move("sae-lens", "6.54.12", "6.51.1", True), Move("zstd", None, "1.2")),
        "built",
        f"because {SCRIPT}",
        (PackageVerdict("torch", "same"), PackageVerdict("sae-lens", "unimportable", SCRIPT)),
        (*(behaviour(verdict) for verdict in Verdict), odd),
        (Skip(f"no network {SCRIPT}", 3), Skip("minilm has no ability causal-lm", 120)),
        (f"a note {SCRIPT}",),
        1,
        62.5,
        "reference",
        f"sae-lens==6.51.1 {SCRIPT}",
        claims=(
            ClaimChange(
                Entry(CLAIM, ClaimVerdict.HOLDS), Entry(CLAIM, ClaimVerdict.WRONG, math.inf)
            ),
        ),
    )


def unsolvable() -> GateReport:
    reason = "sae-lens==6.54.12 requires transformer-lens<4\nyou asked for transformer-lens==4.3.0"
    return GateReport(
        BASELINE, None, (), "unsolvable", reason, (), (), (), (), 3, 2.0, "reference", "bad"
    )


def all_same(count: int) -> GateReport:
    behaviours = tuple(behaviour(Verdict.SAME, name=f"same_{i}") for i in range(count))
    return GateReport(BASELINE, BASELINE, (), "built", "", (), behaviours, (), (), 0, 5.0)


def of_many(count: int) -> GateReport:
    """`count` changed behaviours, each with as much to tell as fits."""
    behaviours = tuple(
        behaviour(Verdict.CHANGED, name=f"many_{i}", reason="é" * 3000) for i in range(count)
    )
    return GateReport(
        BASELINE, CANDIDATE, (), "built", "", (), behaviours, (), ("ü" * 5000,) * 500, 1, 5.0
    )


def of_accepted() -> GateReport:
    """Two accepted changes, others that are not, and an entry of every other standing."""
    entry = Accepted(
        "meant", "circuits", Verdict.CHANGED, SCRIPT, "ann", "torch", "<3", "*nf4*", "own.toml"
    )
    return replace(
        of_every_verdict(),
        behaviours=(
            replace(behaviour(Verdict.CHANGED, name="meant"), accepted=entry),
            replace(behaviour(Verdict.CHANGED, "smollm2-nf4-cpu"), accepted=entry),
            behaviour(Verdict.CHANGED, "smollm2-fp4-cpu"),
            behaviour(Verdict.DRIFTED),
        ),
        accepted=(
            Acceptance(entry, Standing.HOLDS, {Verdict.SAME: 3, Verdict.CHANGED: 2}, "2.13.0"),
            Acceptance(replace(entry, id="elsewhere"), Standing.UNSEEN),
            Acceptance(replace(entry, id="dead"), Standing.UNMATCHED, {Verdict.SAME: 3}, "2.13.0"),
            Acceptance(replace(entry, id="old"), Standing.EXPIRED, {Verdict.CHANGED: 2}, "3.0"),
        ),
    )
