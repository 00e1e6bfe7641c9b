"""Where a change begins, in words: cleaned and abbreviated, but not yet escaped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from harness.report import numbers
from harness.report.excerpts import Excerpt, sides
from harness.report.located.growing import GrownRow, grown_rows
from harness.report.plain import clean, clip, one_line
from harness.vocabulary.captures import ModuleSeen
from harness.vocabulary.located import Located, Look, ModelParted, Parted, Parting, StageParted
from harness.vocabulary.observations import Observation

_WIDTH = 60
_NAMES = 8
"""So many of many names are told."""


@dataclass(frozen=True)
class Sided:
    """What is another thing on either side."""

    name: str
    baseline: Excerpt
    candidate: Excerpt


@dataclass(frozen=True)
class Part:
    """One place where the stacks part: a sentence, more sentences, and both sides.

    Not `found`: that they do not part where one looked.
    """

    headline: str
    found: bool
    told: tuple[str, ...] = ()
    sides: tuple[Sided, ...] = ()
    growth: tuple[GrownRow, ...] = ()


@dataclass(frozen=True)
class Told:
    """All that is to be said of one change. `looked` says what was looked into, if anything."""

    title: str
    looked: str
    parts: tuple[Part, ...]
    lacking: tuple[str, ...]


def told(found: Located) -> Told:
    """The words of what was located, what was found first."""
    parts = [_generated(name, parting) for name, parting in found.partings]
    if found.look is not None:
        if "tokenizer" in found.looked:
            parts.append(_stage(found.stage))
        parts += [_model(found.model)] if found.model is not None else []
    return Told(
        _title(found),
        _looked(found.look, found) if found.look and found.looked else "",
        tuple(sorted(parts, key=lambda part: not part.found)),
        tuple(clean(each).strip() for each in found.lacking),
    )


def subject_name(look: Look) -> str:
    return one_line(look.subject.partition("=")[0])


def _title(found: Located) -> str:
    if found.behaviour:
        return f"{one_line(found.behaviour)} in {one_line(found.cell)}"
    return subject_name(found.look) if found.look else ""


def _looked(look: Look, found: Located) -> str:
    model = found.model
    words = f"the {' and the '.join(found.looked)} of {subject_name(look)}"
    if model is None:
        return words
    threads = ", ".join(map(str, look.threads))
    return (
        f"{words}: {model.candidate.type} in {look.precision} on {look.device} over "
        f"{numbers_of(len(model.baseline.ids), 'token')}, a pass with each of {threads} threads"
    )


def numbers_of(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _model(model: ModelParted) -> Part:
    begin = model.origin or model.first
    sides_ = tuple(_of_paths(model, begin is not None and begin.candidate.attention != ""))
    told_of = tuple(_beside(model))
    if begin is None:
        bit = model.first_bit
        words = (
            f"No module parts beyond noise; other bits from {_named(bit)} on"
            if bit is not None
            else "Every module returns the same, bit by bit, over this input"
        )
        return Part(words, begin is not None, told_of, sides_, grown_rows(model))
    if model.accumulated and model.origin is not None and model.first_bit is not None:
        words = (
            f"Adds up from {_named(model.first_bit)} on by rounding, and is beyond noise from "
            f"{_named(model.origin)} on: no one module is to blame"
        )
        return Part(words, begin is not None, told_of, sides_, grown_rows(model))
    words = f"Begins in {_named(begin)}"
    if model.origin is not None:
        words += ": given the same, it returns another thing"
    return Part(
        words,
        True,
        (_size(begin), *_causes(begin), *told_of),
        (*_of_module(begin), *sides_),
        grown_rows(model),
    )


def _named(module: Parted) -> str:
    name = one_line(module.name) or "the model itself"
    return f"{name} ({one_line(module.candidate.type)})"


def _size(module: Parted) -> str:
    output = module.output
    if output.words:
        return f"its {one_line(output.part)}: {one_line(output.words)}"
    times = numbers.multiple(output.size / output.allowed if output.allowed else math.inf)
    return (
        f"its {one_line(output.part)} lies {output.relative:.2g} of its norm apart, {times} times "
        "what noise allows"
    )


def _causes(module: Parted) -> Iterator[str]:
    if module.received:
        parts = _listed([each.part for each in module.received])
        yield f"it was given another {parts}: what made that is no module"
    for name in module.parameters[:_NAMES]:
        kinds = [_kind(each, name) for each in (module.baseline, module.candidate)]
        other = "other values" if kinds[0] == kinds[1] else " → ".join(kinds)
        yield f"its own {one_line(name)} is another: {other}"


def _kind(module: ModuleSeen, name: str) -> str:
    """The type and shape of a parameter: `float32[64, 32]`."""
    found = (f"{each.dtype}{list(each.shape)}" for each in module.parameters if each.name == name)
    return next(found, "none")


def _of_module(module: Parted) -> Iterator[Sided]:
    """What a module is and does on each side, where that differs; the attention always."""
    old, new = module.baseline, module.candidate
    if old.attention or new.attention:
        yield _sided("attention", old.attention, new.attention)
    yield from _if_other("class", old.type, new.type)
    yield from _if_other("file", old.source, new.source)
    yield from _if_other("name", old.name, new.name)
    if old.operations != new.operations:
        yield _sided("calls", *_where_other(old.operations, new.operations))
    for name, before, after in module.given:
        yield _sided(f"given {one_line(name)}", before, after)


def _of_paths(model: ModelParted, attention_told: bool) -> Iterator[Sided]:
    old, new = model.baseline, model.candidate
    yield from _if_other("model", old.type, new.type)
    if not attention_told:
        yield from _if_other("the model's attention", old.attention, new.attention)
    for name in dict.fromkeys([*old.kernels, *new.kernels]):
        yield from _if_other(name, old.kernels.get(name, ""), new.kernels.get(name, ""))


def _beside(model: ModelParted) -> Iterator[str]:
    if model.renamed:
        pairs = [f"{old} is {new}" for old, new in model.renamed]
        yield f"modules under another name: {_listed(pairs)}"
    for side, only in (("baseline", model.only_baseline), ("candidate", model.only_candidate)):
        if only:
            yield f"modules that ran under the {side} alone: {_listed(only)}"
    if model.lacking:
        yield one_line(model.lacking)


def _where_other(old: Sequence[str], new: Sequence[str]) -> tuple[str, str]:
    """Both lists of functions without what they begin and end with alike."""
    begin = _alike(old, new)
    left, right = old[begin:], new[begin:]
    end = _alike(left[::-1], right[::-1])
    cut = (", ".join(each[: len(each) - end]) or "nothing more" for each in (left, right))
    return next(cut), next(cut)


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    """How many of both, from the first on, are the same."""
    pairs = zip(old, new, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _if_other(name: str, old: str, new: str) -> Iterator[Sided]:
    if old != new:
        yield _sided(name, old, new)


def _sided(name: str, old: str, new: str) -> Sided:
    return Sided(name, *(Excerpt(one_line(each) or "none") for each in (old, new)))


def _stage(stage: StageParted | None) -> Part:
    if stage is None:
        return Part("The tokenizer does the same at every stage, with every text", False)
    lines = [f"so of {_listed(stage.texts)}"] if len(stage.texts) > 1 else []
    later = _listed([f"the {each}" for each in stage.later])
    lines += [f"after it {later} differ as well"] if later else []
    return Part(
        f"Begins in the {stage.stage} of the tokenizer: of the text {stage.text!r} it makes "
        "another thing",
        True,
        tuple(lines),
        (
            _parted(stage.text, stage.baseline, stage.candidate),
            *(_parted(*each) for each in stage.described),
        ),
    )


def _parted(name: str, old: Any, new: Any) -> Sided:
    """Both values around where they part."""
    cut = sides(Observation("", "exact", old), Observation("", "exact", new), _WIDTH)
    at = f" at {one_line(cut.at)}" if cut.at else ""
    return Sided(f"{one_line(name)}{at}", cut.baseline, cut.candidate)


def _generated(name: str, parting: Parting) -> Part:
    what = "a tie that flipped" if parting.verdict == "tie" else "another choice"
    ended = "nothing, it had ended"
    ids = [ended if each is None else str(each) for each in _ids(parting)]
    lines = [f"noise allows a gap to move by {parting.allowed:.2g}"]
    if parting.moved is not None:
        lines.insert(0, f"the two logits moved against each other by at least {parting.moved:.2g}")
    if parting.moved_from is not None:
        lines.append(f"gaps had moved beyond that from token {parting.moved_from} on")
    gaps = [_gap(each) for each in (parting.baseline_gap, parting.candidate_gap)]
    return Part(
        f"{one_line(name)}: parts at token {parting.position}: {what}",
        True,
        tuple(lines),
        (
            Sided("id", Excerpt(mark=ids[0]), Excerpt(mark=ids[1])),
            Sided("gap of the top two logits", Excerpt(gaps[0]), Excerpt(gaps[1])),
        ),
    )


def _ids(parting: Parting) -> tuple[int | None, int | None]:
    return parting.baseline_id, parting.candidate_id


def _gap(gap: float | None) -> str:
    return "not measured" if gap is None else f"{gap:.3g}"


def _listed(names: Sequence[str]) -> str:
    shown = [clip(one_line(each), _WIDTH) for each in names[:_NAMES]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
