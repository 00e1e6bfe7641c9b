"""Constructed benchmarks for the tests of harness/report/bench."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from harness.vocabulary.costs import (
    ROLES,
    Arm,
    BenchReport,
    Bound,
    Compared,
    Comparison,
    CostVerdict,
    Decision,
    Interval,
    Limit,
    Missed,
    Quantity,
    Role,
    Sample,
)

SCRIPT = "$x$<script>alert('x')</script>|"
FLOAT32 = Arm("float32", "reference", "smollm2-135m-instruct")
BFLOAT16 = replace(FLOAT32, name="bfloat16", precision="bfloat16")
NF4 = replace(FLOAT32, name="nf4", precision="nf4")
MACHINE = {"processor": "Example 9000", "cores": "2", "memory": "24 GiB", "threads": "2"}

DECODE = Quantity("model/decode@256x1", "s", "token")
BATCHED = Quantity("model/decode@256x8", "s", "token", 8.0)
PEAK = Quantity("memory/peak.load", "bytes", repeats=False)
ENCODE = Quantity("tokenizers.tiktoken/encode.repeated", "s", "byte", 1_000_000.0)


def samples(quantity: Quantity, baseline: float, candidate: float) -> tuple[Sample, ...]:
    """Two generations of five rounds within a percent of the values; one round of what is once."""
    chance = random.Random(quantity.id)
    rounds = 5 if quantity.repeats else 1
    means: dict[Role, float] = {
        "baseline": baseline, "candidate": candidate, "control": baseline
    }  # fmt: skip
    return tuple(
        Sample(
            quantity.id,
            role,
            generation,
            number,
            place,
            means[role] * chance.uniform(0.99, 1.01),
            means[role] * 1.9 if quantity.unit == "s" else None,
            calls=12 if quantity.repeats else 1,
        )
        for generation in range(2)
        for number in range(rounds)
        for place, role in enumerate(ROLES)
    )


def compared(
    quantity: Quantity,
    baseline: float,
    candidate: float,
    verdict: CostVerdict = CostVerdict.SAME,
    *,
    reason: str = "",
    least: tuple[float, float] | None = None,
) -> Compared:
    """`least` are the seconds that the read of either arm would take."""
    ratio = candidate / baseline
    decision = Decision(
        verdict,
        Interval(ratio, ratio * 0.99, ratio * 1.01),
        Interval(1.001, 0.992, 1.01),
        generations=2,
        rounds=10 if quantity.repeats else 2,
        reason=reason,
        cpu=ratio if quantity.unit == "s" else None,
    )
    bounds: dict[Role, Bound] = (
        {}
        if least is None
        else {
            "baseline": Bound(quantity.id, least[0], "read"),
            "candidate": Bound(quantity.id, least[1], "read"),
        }
    )
    found = samples(quantity, baseline, candidate)
    return Compared(quantity, baseline, candidate, decision, found, bounds)


def comparison(
    *each: Compared,
    baseline: Arm = FLOAT32,
    candidate: Arm = BFLOAT16,
    missed: Sequence[Missed] = (),
) -> Comparison:
    return Comparison(baseline, candidate, each, tuple(missed), 41.25)


def report(*comparisons: Comparison, exit_code: int = 0) -> BenchReport:
    return BenchReport(
        comparisons,
        MACHINE,
        {
            "float32": {"torch": "2.13.0", "transformers": "5.16.1"},
            "bfloat16": {"torch": "2.13.0", "transformers": "5.17.0"},
        },
        {"float32": (Limit("read", "float32", 23.4e9), Limit("matmul", "float32", 88e9))},
        ("one core was busy",),
        exit_code,
        61.5,
    )


def slower() -> BenchReport:
    """One comparison: a decode of 12 ms that became 13.2 ms, memory, a text, a task missed."""
    return report(
        comparison(
            compared(
                DECODE, 0.012, 0.0132, CostVerdict.SLOWER,
                reason="1.100 lies wholly above 1.02", least=(0.006, 0.006),
            ),
            compared(BATCHED, 0.040, 0.0401),
            compared(
                PEAK, 512 * 2**20, 768 * 2**20, CostVerdict.HEAVIER, reason="beyond the margin"
            ),
            compared(ENCODE, 12.5, 0.125, CostVerdict.FASTER),
            missed=[
                Missed("load", "float32", "the page cache cannot be dropped"),
                Missed("load", "bfloat16", "the page cache cannot be dropped"),
            ],
        ),
        exit_code=1,
    )  # fmt: skip


def varied() -> BenchReport:
    """Three precisions: float32 beside bfloat16 and beside nf4, with contexts that grow."""
    contexts = [Quantity(f"model/decode@{size}x1", "s", "token") for size in (64, 256, 1024)]
    contexts.append(BATCHED)
    prompts = [Quantity(f"model/first-token@{size}x1", "s") for size in (32, 128, 512)]
    load = Quantity("load/seconds", "s")
    footprint = Quantity("memory/footprint", "bytes", repeats=False)
    peaks = [
        Quantity(f"memory/peak.{phase}", "bytes", repeats=False) for phase in ("load", "decode")
    ]

    def beside(candidate: Arm, time: float, size: float) -> Comparison:
        faster = CostVerdict.FASTER if time < 1 else CostVerdict.SLOWER
        times = [
            compared(
                each, base, base * time, faster, least=(base * 0.6, base * time * 0.3 * (1 + n / 9))
            )
            for n, (each, base) in enumerate(
                [
                    *zip(contexts, (0.010, 0.011, 0.015, 0.030), strict=True),
                    *zip(prompts, (0.05, 0.13, 0.5), strict=True),
                    (load, 0.4),
                ]
            )
        ]
        memory = [
            compared(each, base, base * size, CostVerdict.LIGHTER)
            for each, base in zip([footprint, *peaks], (513e6, 1.2e9, 1.1e9), strict=True)
        ]
        return comparison(*times, *memory, candidate=candidate)

    return report(beside(BFLOAT16, 0.55, 0.5), beside(NF4, 1.4, 0.3))


def trials() -> BenchReport:
    """Float32 with itself ten times: decode slower once, memory inconclusive twice, else same."""
    itself = replace(FLOAT32)
    found = []
    for number in range(10):
        decode = CostVerdict.SLOWER if number == 3 else CostVerdict.SAME
        peak = CostVerdict.INCONCLUSIVE if number in (4, 5) else CostVerdict.SAME
        found.append(
            comparison(
                compared(DECODE, 0.012, 0.012 * (1 + number / 1000), decode),
                compared(PEAK, 5e8, 5e8, peak),
                candidate=itself,
            )
        )
    return report(*found)


def of_foreign_text() -> BenchReport:
    """Everything that may come from elsewhere holds markup, a terminal escape, a newline."""
    foreign = f"\x1b[31m{SCRIPT}\nx"
    arms = replace(FLOAT32, name=foreign, attention=foreign), replace(BFLOAT16, name=f"2 {foreign}")
    quantity = replace(DECODE, id=f"model/{foreign}@3x1")
    found = comparison(
        compared(quantity, 1.0, 2.0, CostVerdict.SLOWER, reason=foreign, least=(0.5, 0.5)),
        compared(replace(quantity, id=f"model/{foreign}@9x1"), 1.0, 2.0, CostVerdict.SLOWER),
        baseline=arms[0],
        candidate=arms[1],
        missed=[Missed(foreign, foreign, foreign)],
    )
    return BenchReport(
        (found,),
        {foreign: foreign},
        {arms[0].name: {foreign: "1"}, arms[1].name: {foreign: "2"}},
        {foreign: (Limit("read", foreign, 1e9),)},
        (foreign,),
    )
