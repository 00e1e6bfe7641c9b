"""What tells a verdict: the error, or where old and new values part."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from harness.vocabulary.gated import BehaviourVerdict, ObservationVerdict
from harness.vocabulary.verdicts import Verdict


def evidence(found: BehaviourVerdict) -> str:
    """The reason of a verdict and every difference of its observations, in words."""
    told = [found.reason] if found.reason else []
    for each in found.observations:
        if each.verdict is not Verdict.SAME:
            told += _of_observation(each)
    return "; ".join(told)


def _of_observation(found: ObservationVerdict) -> Iterator[str]:
    if found.baseline is None or found.candidate is None:
        yield f"{found.name}: {found.detail}"
        return
    old, new = found.baseline.value, found.candidate.value
    if found.baseline.kind == found.candidate.kind == "numeric":
        moved = f" moved by {found.distance:.3g} times the noise" if found.distance else ""
        yield f"{found.name}{moved or ': ' + (found.detail or found.verdict.value)}"
        return
    yield from differences(found.name, old, new)


def differences(name: str, old: Any, new: Any) -> Iterator[str]:
    """Every place below `name` in which two JSON values differ, as `name.key: old -> new`.

    Of two lists of unequal length, what only one of them has.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            place = f"{name}.{key}"
            if key not in new:
                yield f"{place}: {_text(old[key])} -> nothing"
            elif key not in old:
                yield f"{place}: nothing -> {_text(new[key])}"
            else:
                yield from differences(place, old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(f"{name}[{index}]", before, after)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(name, old, new)
    elif _text(old) != _text(new):
        yield f"{name}: {_text(old)} -> {_text(new)}"


def _lists(name: str, old: list[Any], new: list[Any]) -> Iterator[str]:
    before, after = Counter(map(_text, old)), Counter(map(_text, new))
    lost, won = list((before - after).elements()), list((after - before).elements())
    yield f"{name}: {len(old)} -> {len(new)} elements"
    if lost:
        yield f"{name} without {', '.join(lost)}"
    if won:
        yield f"{name} with {', '.join(won)}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
