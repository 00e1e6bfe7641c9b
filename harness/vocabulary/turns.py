"""What a benchmark and its worker processes say to each other, a line of JSON a message.

A worker opens its task, says what it measured while at it (`Once`) and what it cannot measure
(`Missing`), then `Ready`. From then on it only answers: `Warmed` to `Warm`, `Turned` to `Turn`,
or `Missing` where the call raised; it stays usable. `End`, or the end of its input, ends it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.vocabulary.costs import Bound, Limit, Quantity
from harness.vocabulary.errors import RecordError


@dataclass(frozen=True)
class Once:
    """`value` of a quantity that one process can measure only once; `cpu` in seconds."""

    quantity: str
    value: float
    cpu: float | None = None


@dataclass(frozen=True)
class Missing:
    """A quantity that could not be measured, and why; all of the task if `quantity` is ""."""

    quantity: str
    reason: str


@dataclass(frozen=True)
class Ready:
    """The task is open.

    `quantities` are those that may be warmed and have turns (they repeat) and those that came
    as `Once` (they do not). `limits` and `bounds` are there if they were asked for and apply.
    `versions` are the packages of the worker's stack.
    """

    quantities: tuple[Quantity, ...] = ()
    machine: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    bounds: tuple[Bound, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Warmed:
    """Called `calls` times, until a call took as long as those before: `call` seconds."""

    quantity: str
    calls: int
    call: float


@dataclass(frozen=True)
class Turned:
    """One turn: `calls` calls, of `value` seconds and `cpu` processor seconds each in the mean."""

    quantity: str
    value: float
    cpu: float | None
    calls: int


@dataclass(frozen=True)
class Warm:
    """Repeat the calls of `quantity` until their time is stable."""

    quantity: str


@dataclass(frozen=True)
class Turn:
    """Call `quantity` for at least `least` seconds, at least once, and say how long a call took."""

    quantity: str
    least: float


@dataclass(frozen=True)
class End:
    """Nothing more is wanted: exit."""


Answer = Once | Missing | Ready | Warmed | Turned
"""What a worker says."""

Order = Warm | Turn | End
"""What a worker is told."""

Message = Answer | Order

_ANSWERS: Mapping[str, type[Answer]] = {
    "once": Once,
    "missed": Missing,
    "ready": Ready,
    "warmed": Warmed,
    "turn": Turned,
}
_ORDERS: Mapping[str, type[Order]] = {"warm": Warm, "turn": Turn, "end": End}
_WORDS: Mapping[type[Message], tuple[str, str]] = {
    **{type_: ("is", word) for word, type_ in _ANSWERS.items()},
    **{type_: ("do", word) for word, type_ in _ORDERS.items()},
}
_NESTED: Mapping[str, Callable[..., Any]] = {
    "quantities": Quantity,
    "limits": Limit,
    "bounds": Bound,
}


def line(message: Message) -> str:
    """The message as one line, its end included."""
    key, word = _WORDS[type(message)]
    fields = {key: word, **asdict(message)}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n"


def said(line: str) -> Message:
    """The message that a line holds; raises RecordError for one that holds none."""
    try:
        fields = json.loads(line)
        kinds: Mapping[str, type[Message]] = _ANSWERS if "is" in fields else _ORDERS
        kind = kinds[fields.pop("is" if "is" in fields else "do")]
        for name, make in _NESTED.items():
            if name in fields:
                fields[name] = tuple(make(**each) for each in fields[name])
        return kind(**fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(
            f"no message of a benchmark's worker: {line.strip()[:120]!r}",
            allowed="a JSON object whose `is` or `do` is one of "
            + ", ".join([*_ANSWERS, *_ORDERS]),
        ) from error
