"""Two values side by side, cut down to where they part."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.report import numbers
from harness.report.plain import clean, clip
from harness.vocabulary.comparison import flatten, shape
from harness.vocabulary.observations import Observation

ABSENT = "\N{EN DASH}"


@dataclass(frozen=True)
class Excerpt:
    """A value in at most a given width; `mark` is its first part that differs."""

    before: str = ""
    mark: str = ""
    after: str = ""

    def __str__(self) -> str:
        return self.before + self.mark + self.after


@dataclass(frozen=True)
class Sides:
    """Both values around the place `at` (`[3, 17]`, `.hidden_size`) where they first part.

    For numbers that is where they are furthest apart.
    """

    at: str
    baseline: Excerpt
    candidate: Excerpt


def sides(baseline: Observation | None, candidate: Observation | None, width: int) -> Sides:
    """The two observations of one thing, each in about `width` characters."""
    if baseline is None or candidate is None:
        return Sides("", _alone(baseline, width), _alone(candidate, width))
    if baseline.kind == candidate.kind and baseline.kind in ("numeric", "cost"):
        return _numeric(baseline.value, candidate.value, baseline.unit)
    if baseline.kind == candidate.kind == "surface":
        known = {name: row for name, row in candidate.value.items() if name in baseline.value}
        return _exact(baseline.value, known, "", width)
    return _exact(_ids(baseline), _ids(candidate), "", width)


def whole(observation: Observation | None, limit: int) -> str:
    """The full value as text, or its first `limit` characters and a line that says so."""
    if observation is None:
        return "not observed"
    text = _json(observation.value)
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n… the first {limit:,} of {len(text):,} characters; all in gate.json"


def _alone(observation: Observation | None, width: int) -> Excerpt:
    if observation is None:
        return Excerpt(ABSENT)
    if isinstance(observation.value, int | float) and observation.kind != "exact":
        return Excerpt(numbers.single(observation.value, observation.unit))
    return Excerpt(clip(_json(_ids(observation)), width))


def _ids(observation: Observation) -> Any:
    """A generation is told by its ids; the gaps that come with them only weigh a difference."""
    value = observation.value
    return value["ids"] if observation.kind == "tokens" and "ids" in value else value


def _numeric(baseline: Any, candidate: Any, unit: str) -> Sides:
    if shape(baseline) != shape(candidate):
        return Sides("", _shape(baseline), _shape(candidate))
    old, new = list(flatten(baseline)), list(flatten(candidate))
    if not old:
        return Sides("", Excerpt("[]"), Excerpt("[]"))
    worst = max(range(len(old)), key=lambda i: _apart(old[i], new[i]))
    texts = numbers.pair(old[worst], new[worst], unit)
    if texts[0] == texts[1]:
        return Sides(_index(worst, shape(baseline)), Excerpt(texts[0]), Excerpt(texts[1]))
    marks = Excerpt(mark=texts[0]), Excerpt(mark=texts[1])
    return Sides(_index(worst, shape(baseline)), *marks)


def _apart(old: float, new: float) -> float:
    if math.isfinite(old) and math.isfinite(new):
        return abs(old - new)
    return 0.0 if old == new or (math.isnan(old) and math.isnan(new)) else math.inf


def _shape(value: Any) -> Excerpt:
    return Excerpt("shape ", numbers.TIMES.join(map(str, shape(value))) or "single number")


def _index(flat: int, sizes: tuple[int, ...]) -> str:
    """The place of element `flat` in a nested list of `sizes`, as `[3, 17]`."""
    places: list[int] = []
    for size in reversed(sizes):
        flat, place = divmod(flat, size)
        places.append(place)
    return f"[{', '.join(map(str, reversed(places)))}]" if sizes else ""


def _exact(old: Any, new: Any, at: str, width: int) -> Sides:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [key for key in {**old, **new} if not _equal(old, new, key)]
        if len(keys) == 1 and keys[0] in old and keys[0] in new:
            return _exact(old[keys[0]], new[keys[0]], f"{at}.{keys[0]}", width)
        return Sides(at, _entries(old, keys, width), _entries(new, keys, width))
    if isinstance(old, list) and isinstance(new, list):
        return _lists(old, new, at, width)
    if isinstance(old, str) and isinstance(new, str):
        return Sides(at, *_strings(old, new, width))
    marks = clip(_json(old), width), clip(_json(new), width)
    if marks[0] == marks[1]:
        return Sides(at, Excerpt(marks[0]), Excerpt(marks[1]))
    return Sides(at, Excerpt(mark=marks[0]), Excerpt(mark=marks[1]))


def _equal(old: dict[str, Any], new: dict[str, Any], key: str) -> bool:
    return key in old and key in new and _json(old[key]) == _json(new[key])


def _entries(side: dict[str, Any], keys: Sequence[str], width: int) -> Excerpt:
    told = (f"{key}: {_json(side[key])}" if key in side else f"no {key}" for key in keys)
    return Excerpt(mark=clip(clean(", ".join(told)), width)) if keys else Excerpt("{…}")


def _lists(old: list[Any], new: list[Any], at: str, width: int) -> Sides:
    shared = min(len(old), len(new))
    first = next((i for i in range(shared) if not _alike(old[i], new[i])), shared)
    if first < shared and all(isinstance(side[first], dict | list) for side in (old, new)):
        return _exact(old[first], new[first], f"{at}[{first}]", width)
    place = f"{at}[{first}]" if first < max(len(old), len(new)) else at
    return Sides(place, _around(old, first, width), _around(new, first, width))


def _alike(old: Any, new: Any) -> bool:
    """Whether both have the same JSON; most scalars are told apart without writing it."""
    if type(old) is type(new) and isinstance(old, int | float | str) and old == new != 0:
        return True
    return _json(old) == _json(new)


def _around(items: list[Any], at: int, width: int) -> Excerpt:
    """The items next to `at`, as many as fit, with the one at `at` marked."""
    if not items:
        return Excerpt(mark="[]")
    start, stop = _grow(items, at, width)
    if at >= len(items):
        return Excerpt(_list_head(items[start:], start, " "), "(ends)")
    before = _list_head(items[start:at], start, ", " if at > start else "")
    mark = clip(_json(items[at]), width)
    tail = "".join(f", {_json(item)}" for item in items[at + 1 : stop])
    return Excerpt(before, mark, tail + (f" … of {len(items):,}" if stop < len(items) else ""))


def _list_head(items: list[Any], start: int, end: str) -> str:
    text = ", ".join(map(_json, items)) + end
    return f"… {text}" if start else text


def _grow(items: list[Any], at: int, width: int) -> tuple[int, int]:
    """The widest range around `at` whose items, joined by commas, take up to `width`."""
    start, stop = at, min(at + 1, len(items))
    room = width - sum(len(_json(item)) for item in items[start:stop])
    grew = True
    while grew:
        grew = False
        for index in (stop, start - 1):
            if 0 <= index < len(items) and (cost := len(_json(items[index])) + 2) <= room:
                start, stop = min(start, index), max(stop, index + 1)
                room, grew = room - cost, True
    return start, stop


def _strings(old: str, new: str, width: int) -> tuple[Excerpt, Excerpt]:
    shared = min(len(old), len(new))
    first = next((i for i in range(shared) if old[i] != new[i]), shared)
    rest = shared - first
    last = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    return _cut(old, first, last, width), _cut(new, first, last, width)


def _cut(text: str, first: int, last: int, width: int) -> Excerpt:
    """`text` around the part between its first `first` and its last `last` characters."""
    end = len(text) - last
    mark = clip(text[first:end], width)
    room = max(width - len(mark), 0) // 2
    before, after = text[max(first - room, 0) : first], text[end : end + room]
    return Excerpt(
        ("…" if first > room else '"') + _inner(before),
        _inner(mark),
        _inner(after) + ("…" if last > room else '"'),
    )


def _inner(text: str) -> str:
    return _json(text)[1:-1]


def _json(value: Any) -> str:
    return clean(json.dumps(value, ensure_ascii=False))
