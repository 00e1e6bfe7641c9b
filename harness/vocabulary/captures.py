"""What was seen inside a model or a tokenizer while it ran once, as JSON Lines.

The first line is the `paths` (versions and kernels), then a `module` line for each module that
there is, and a `call` line for each time that one ran, in the order in which they ended.
Of a model that itself raises, a `raised` line ends them. Of a tokenizer, a `stage` line for each
stage and text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.vocabulary.errors import RecordError

OUTPUT = "output"
"""The part that holds the first tensor a module returns, whatever the library calls it."""


@dataclass(frozen=True)
class TensorSeen:
    """A tensor that went into or came out of a module.

    `part` is its name there. `norm` and `mean` are taken in float64 over the finite entries;
    `infinite` counts the others. `digest` tells whether two are equal bit by bit; the Euclidean
    distance of two `sketch`es estimates that of the tensors, whatever their size. `entries` are
    a few values, evenly spread.
    """

    part: str
    shape: tuple[int, ...]
    dtype: str
    norm: float
    mean: float
    infinite: int
    digest: str
    sketch: tuple[float, ...]
    entries: tuple[float, ...]


@dataclass(frozen=True)
class ParameterSeen:
    """A parameter of a module; `digest` tells whether two are equal bit by bit."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    digest: str


@dataclass(frozen=True)
class ModuleSeen:
    """A module: its class, the file that defines it, its own parameters, and what it calls.

    `source` is a path below the folder of packages. `parent` is the class of what holds it.
    `attention` is the implementation that its configuration names. `operations` are the torch
    functions that its own code called, without those that only move data.
    """

    name: str
    type: str
    source: str
    parent: str
    attention: str = ""
    parameters: tuple[ParameterSeen, ...] = ()
    operations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Call:
    """A module ran: for the `call`-th time in the `run`-th pass, the `order`-th to end there.

    `other` words the arguments that are no tensors of floats: `attention_mask: None`.
    """

    run: int
    order: int
    name: str
    call: int
    inputs: tuple[TensorSeen, ...]
    outputs: tuple[TensorSeen, ...]
    other: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, int]:
        return (self.name, self.call)


@dataclass(frozen=True)
class Paths:
    """What a model was run with.

    `type` is the model's class, `attention` the implementation that its configuration names,
    `kernels` are switches such as `flash_sdp: on`. `threads` has a number for each pass, `ids`
    are what the model read.
    """

    type: str
    attention: str
    kernels: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    threads: tuple[int, ...] = (1,)
    ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Stage:
    """What one stage of a tokenizer made of a text; `text` is the text's name."""

    stage: str
    text: str
    value: Any


@dataclass(frozen=True)
class Raised:
    """What the model itself raises, looked into or not: `AttributeError: no such thing`."""

    error: str


@dataclass(frozen=True)
class Capture:
    """All that was seen under one stack. `complete` if it was captured to the end; `raised` is
    what the model itself raises, "" where it runs."""

    paths: Paths
    modules: Mapping[str, ModuleSeen]
    calls: tuple[Call, ...]
    stages: tuple[Stage, ...] = ()
    complete: bool = True
    raised: str = ""

    def passes(self) -> list[dict[tuple[str, int], Call]]:
        """The calls of each pass, in the order in which they ended."""
        found: dict[int, dict[tuple[str, int], Call]] = {}
        for call in self.calls:
            found.setdefault(call.run, {})[call.key] = call
        return [found[run] for run in sorted(found)]


Seen = Paths | ModuleSeen | Call | Stage | Raised

_WORDS: Mapping[type[Seen], str] = {
    Paths: "paths",
    ModuleSeen: "module",
    Call: "call",
    Stage: "stage",
    Raised: "raised",
}
END = '{"seen":"end"}\n'


def seen_line(seen: Seen) -> str:
    """One line, its end included."""
    fields = {"seen": _WORDS[type(seen)], **asdict(seen)}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n"


def read_capture(lines: Iterable[str], where: str) -> Capture:
    """A capture as far as it was written. Raises RecordError where it holds no paths."""
    paths: Paths | None = None
    modules: dict[str, ModuleSeen] = {}
    calls: list[Call] = []
    stages: list[Stage] = []
    raised = ""
    complete = False
    for line in lines:
        if line == END:
            complete = True
            continue
        found = _seen(line, where) if line.endswith("\n") else None
        if isinstance(found, Paths):
            paths = found
        elif isinstance(found, ModuleSeen):
            modules[found.name] = found
        elif isinstance(found, Call):
            calls.append(found)
        elif isinstance(found, Raised):
            raised = found.error
        elif found is not None:
            stages.append(found)
    if paths is None:
        raise RecordError(
            "nothing was captured",
            where=where,
            allowed="what `python -m harness.locating` writes",
            next="give the same command again",
        )
    return Capture(paths, modules, tuple(calls), tuple(stages), complete, raised)


def _seen(line: str, where: str) -> Seen:
    try:
        fields = json.loads(line)
        kind = fields.pop("seen")
        if kind == "raised":
            return Raised(**fields)
        if kind == "stage":
            return Stage(**fields)
        if kind == "paths":
            return Paths(
                **{**fields, "threads": tuple(fields["threads"]), "ids": tuple(fields["ids"])}
            )
        for name in ("inputs", "outputs"):
            if name in fields:
                fields[name] = tuple(_tensor(each) for each in fields[name])
        if "parameters" in fields:
            fields["parameters"] = tuple(_parameter(each) for each in fields["parameters"])
        for name in ("operations", "other"):
            if name in fields:
                fields[name] = tuple(fields[name])
        return ModuleSeen(**fields) if kind == "module" else Call(**fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(
            f"a line of a capture is damaged: {error}",
            where=where,
            allowed="what `python -m harness.locating` writes",
            next="delete it and give the same command again",
        ) from None


def _tensor(fields: dict[str, Any]) -> TensorSeen:
    return TensorSeen(
        **{
            **fields,
            "shape": tuple(fields["shape"]),
            "sketch": tuple(fields["sketch"]),
            "entries": tuple(fields["entries"]),
        }
    )


def _parameter(fields: dict[str, Any]) -> ParameterSeen:
    return ParameterSeen(**{**fields, "shape": tuple(fields["shape"])})
