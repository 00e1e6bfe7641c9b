"""Where a change begins: the module, the stage of a tokenizer, or the token where stacks part."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from harness.vocabulary.captures import ModuleSeen, Paths
from harness.vocabulary.observations import BOUND_FACTOR

Into = Literal["tokenizer", "model"]


@dataclass(frozen=True)
class Look:
    """What to look into under both stacks, and with what input.

    `subject` is a registered name or NAME=PATH. Without `ids` and `text` a model reads the
    fixed prompt, a tokenizer the fixed corpus. `threads` are the passes that tell noise.
    """

    subject: str
    into: tuple[Into, ...] = ("model",)
    precision: str = "float32"
    device: str = "cpu"
    ids: tuple[int, ...] = ()
    text: str = ""
    threads: tuple[int, ...] = (1, 2, 3)
    subjects_file: str = ""


@dataclass(frozen=True)
class Apart:
    """The distance of one tensor between the stacks.

    `size` is the Euclidean norm of the difference, `norm` that of the baseline's tensor,
    `allowed` what noise allows of `size`, `rounding` what its type does of `relative`. `words`
    say it where no distance can: another shape, another number of infinite entries. `bits`
    tells whether they differ at all.
    """

    part: str
    size: float
    norm: float
    allowed: float
    bits: bool
    rounding: float = 0.0
    words: str = ""

    @property
    def relative(self) -> float:
        """`size` in units of `norm`."""
        if self.norm:
            return self.size / self.norm
        return math.inf if self.size else 0.0

    @property
    def beyond(self) -> bool:
        """Beyond noise."""
        return bool(self.words) or self.size > self.allowed

    @property
    def slight(self) -> bool:
        """So little that rounding in another order, a few times over, can make it."""
        return self.relative <= BOUND_FACTOR * self.rounding


@dataclass(frozen=True)
class Parted:
    """A module whose output differs between the stacks, as both have it.

    `output` is how far. `received` are the inputs that differ as well: without one, the module
    itself is where the difference begins. `given` words what else it was given differently,
    such as another kind of mask, by name and both sides; `parameters` are those of its own that
    are others.
    """

    baseline: ModuleSeen
    candidate: ModuleSeen
    order: int
    output: Apart
    received: tuple[Apart, ...] = ()
    given: tuple[tuple[str, str, str], ...] = ()
    parameters: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.candidate.name


@dataclass(frozen=True)
class Grown:
    """How far the output of a block, or of the whole model (""), lies apart."""

    name: str
    output: Apart


@dataclass(frozen=True)
class ModelParted:
    """Where two runs of one model part.

    `origin` is the first module, in the order in which they end, that is given the same and
    returns another thing beyond noise: as the parts of a module end before it, the innermost.
    `first` is the first whose output is beyond noise at all, `first_bit` the first whose output
    is another in any bit. None where there is none. `growth` follows the blocks to the logits.
    `renamed` are pairs of names of one module; the others ran on one side only. `lacking` says
    where a side was not captured whole.
    """

    baseline: Paths
    candidate: Paths
    origin: Parted | None
    first: Parted | None
    first_bit: Parted | None
    growth: tuple[Grown, ...]
    renamed: tuple[tuple[str, str], ...] = ()
    only_baseline: tuple[str, ...] = ()
    only_candidate: tuple[str, ...] = ()
    lacking: str = ""

    @property
    def accumulated(self) -> bool:
        """Whether no one module is to blame: another rounding from `first_bit` on added up."""
        if self.origin is None or self.first_bit is None:
            return False
        return self.origin.output.slight and self.first_bit.order < self.origin.order


@dataclass(frozen=True)
class StageParted:
    """The stage, the first text that it treats differently, what both sides make of it.

    `position` is where in the stage's result they part (None if it is no sequence). `texts`
    are all that this stage treats differently; `later` the stages that differ after it;
    `described` the parts that the library itself describes otherwise, with both descriptions.
    """

    stage: str
    text: str
    baseline: Any
    candidate: Any
    position: int | None
    texts: tuple[str, ...]
    later: tuple[str, ...] = ()
    described: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True)
class Parting:
    """Where two generated sequences part, and how clear each side's choice was there.

    `position` counts new ids from 0. The ids are None for a side that had ended there. The gaps
    are those of the two largest logits, `allowed` what noise allows a gap to move. `moved_from`
    is the first position, before the parting, whose gap had moved beyond that already.
    """

    verdict: Literal["tie", "change"]
    position: int
    baseline_id: int | None
    candidate_id: int | None
    baseline_gap: float | None
    candidate_gap: float | None
    allowed: float
    moved_from: int | None = None

    @property
    def moved(self) -> float | None:
        """How far the two logits moved against each other, at least; None if a gap is unknown."""
        if self.baseline_gap is None or self.candidate_gap is None:
            return None
        return self.baseline_gap + self.candidate_gap


@dataclass(frozen=True)
class Located:
    """What was found of one change, or of one subject where no behaviour was named.

    `look` is what was to be looked into, None where there is nothing; `looked` says which of it
    could be, `lacking` why not the rest. `stage` is None where every stage does the same.
    `partings` are where generated ids part, by the observation's name.
    """

    behaviour: str
    cell: str
    look: Look | None = None
    looked: tuple[Into, ...] = ()
    stage: StageParted | None = None
    model: ModelParted | None = None
    partings: tuple[tuple[str, Parting], ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether anything was: a place where the stacks part."""
        module = self.model is not None and self.model.first is not None
        return module or self.stage is not None or bool(self.partings)
