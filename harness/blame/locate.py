"""The first module whose output parts beyond noise, and how the difference grows. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.blame.apart import apart, comparable
from harness.blame.matching import Key, match
from harness.vocabulary.captures import (
    OUTPUT,
    Call,
    Capture,
    ModuleSeen,
    ParameterSeen,
    TensorSeen,
)
from harness.vocabulary.located import Apart, Grown, ModelParted, Parted


def locate(baseline: Capture, candidate: Capture) -> ModelParted:
    """Compare the captures of one cell under two stacks, module by module."""
    matching = match(baseline, candidate)
    blocks = _blocks(candidate)
    found = [_compared(baseline, candidate, *pair) for pair in matching.pairs]
    parted = [each for each in found if each is not None]
    beyond = [each for each in parted if each.output.beyond]
    return ModelParted(
        baseline=baseline.paths,
        candidate=candidate.paths,
        origin=next((each for each in beyond if not each.received), None),
        first=next(iter(beyond), None),
        first_bit=next((each for each in parted if each.output.bits), None),
        growth=tuple(
            Grown(each.name, each.output) for each in parted if each.name in blocks or not each.name
        ),
        renamed=matching.renamed,
        only_baseline=matching.only_baseline,
        only_candidate=matching.only_candidate,
        lacking=_lacking(baseline, candidate),
    )


def _compared(baseline: Capture, candidate: Capture, old: Key, new: Key) -> Parted | None:
    """None for a module that returns no tensor on a side."""
    before = [each[old] for each in baseline.passes() if old in each]
    after = [each[new] for each in candidate.passes() if new in each]
    outputs = _both([each.outputs for each in before], [each.outputs for each in after])
    main = next((each for each in outputs if each.part == OUTPUT), None)
    if main is None:
        return None
    modules = (_module(baseline, old[0]), _module(candidate, new[0]))
    return Parted(
        baseline=modules[0],
        candidate=modules[1],
        order=after[0].order,
        output=next((each for each in outputs if each.beyond), main),
        received=tuple(
            each
            for each in _both([each.inputs for each in before], [each.inputs for each in after])
            if each.beyond
        ),
        given=_given(before[0], after[0]),
        parameters=_others(modules[0].parameters, modules[1].parameters),
    )


def _both(
    before: Sequence[tuple[TensorSeen, ...]], after: Sequence[tuple[TensorSeen, ...]]
) -> list[Apart]:
    """Every tensor that both sides have by the same name; the first ones, if no name is shared."""
    old = [{each.part: each for each in tensors} for tensors in before]
    new = [{each.part: each for each in tensors} for tensors in after]
    shared = [(part, part) for part in new[0] if part in old[0]]
    if not shared and old[0] and new[0]:
        shared = [(next(iter(old[0])), next(iter(new[0])))]
    return [
        apart(_every(old, left), _every(new, right))
        for left, right in shared
        if comparable(old[0][left], new[0][right])
    ]


def _every(passes: Sequence[dict[str, TensorSeen]], part: str) -> list[TensorSeen]:
    return [each[part] for each in passes if part in each]


def _given(before: Call, after: Call) -> tuple[tuple[str, str, str], ...]:
    """Arguments that are no comparable tensors on both sides, where they are not the same."""
    old, new = _arguments(before), _arguments(after)
    return tuple(
        (name, old.get(name, "not given"), new.get(name, "not given"))
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    )


def _arguments(call: Call) -> dict[str, str]:
    other = dict(each.split(": ", 1) for each in call.other)
    return {**{each.part: f"{each.dtype}{list(each.shape)}" for each in call.inputs}, **other}


def _others(old: Sequence[ParameterSeen], new: Sequence[ParameterSeen]) -> tuple[str, ...]:
    before = {each.name: each for each in old}
    after = {each.name: each for each in new}
    return tuple(
        name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)
    )


def _module(capture: Capture, name: str) -> ModuleSeen:
    """A capture that ended early lacks what is told last of its modules."""
    return capture.modules.get(name) or ModuleSeen(name, "", "", "")


def _blocks(capture: Capture) -> frozenset[str]:
    """The modules that stand in a list, and not in a list within it: the layers."""
    listed = {name for name, module in capture.modules.items() if module.parent == "ModuleList"}
    return frozenset(
        name for name in listed if not any(name.startswith(f"{other}.") for other in listed)
    )


def _lacking(baseline: Capture, candidate: Capture) -> str:
    short = [
        side
        for side, each in (("baseline", baseline), ("candidate", candidate))
        if not each.complete
    ]
    return f"not captured to the end: {', '.join(short)}" if short else ""
