"""Under which conditions a number is measured: those that must not matter to anybody."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from harness.vocabulary.errors import UsageError

KERNELS = "ATEN_CPU_CAPABILITY"
"""The variable by which torch takes the kernels of a lesser processor."""

FEWEST = 6
"""With fewer runs the degrees of freedom do not do: see `harness.vocabulary.noise.FACTORS`."""


@dataclass(frozen=True)
class Condition:
    """One run: its threads, kernel level and batch, and the how-manieth of this kind it is."""

    threads: int
    kernels: str = "auto"
    batch: int = 1
    repeat: int = 0

    @property
    def kind(self) -> tuple[int, str, int]:
        """All but the repeat."""
        return (self.threads, self.kernels, self.batch)

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        level = "" if self.kernels == "auto" else f", {KERNELS}={self.kernels}"
        batch = "" if self.batch == 1 else f", batch of {self.batch}"
        return f"{threads}{level}{batch}" + (", again" if self.repeat else "")


def usual(cores: int, instructions: Collection[str]) -> tuple[Condition, ...]:
    """Every number of threads at every level that this processor has, a batch, and a repeat."""
    levels = ["auto", *(["avx2"] if "avx2" in instructions else []), "default"]
    threads = sorted({1, 2, cores})
    distinct = [Condition(number, level) for level in levels for number in threads]
    return (*distinct, Condition(1, batch=2), Condition(1, repeat=1))


def so_many(every: tuple[Condition, ...], runs: int | None) -> tuple[Condition, ...]:
    """The first `runs` of them, further repeats where there are not so many.

    Raises UsageError for fewer than can tell anything.
    """
    if runs is None:
        return every
    if runs < FEWEST:
        raise UsageError(
            f"{runs} runs say too little of the noise",
            where=f"--runs {runs}",
            allowed=f"a number from {FEWEST}",
            next=f"--runs {len(every)}, or leave --runs out",
        )
    further = (Condition(1, repeat=number) for number in range(2, 2 + runs))
    return (*every, *further)[:runs]
