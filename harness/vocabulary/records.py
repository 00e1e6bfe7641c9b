"""A run record: what one run of the suites left, as JSON Lines, and how to read it.

The first line is the header. Then, as they happen: `import` (a library was imported, or
not), `start` (a behaviour begins), `observation`, `outcome`; last `end`. A record cut off
at any byte is still readable up to its last whole line: a behaviour with a start and no
outcome was running when the process died.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from harness.vocabulary.errors import RecordError
from harness.vocabulary.observations import Axes, Noise, Observation
from harness.vocabulary.tiers import DEFAULT, Tier

FORMAT = 1

Status = Literal["held", "failed", "raised", "skipped", "absent", "unknown"]
"""How a behaviour ended, by its own assertions.

`held`; `failed` (an assertion did not hold); `raised` (any other exception, or the
process died in it); `skipped` (does not apply here, with a reason); `absent` (a package
it needs is not in this stack); `unknown` (memory, time, disk or network ran out, or a file of
the project is damaged).
"""


@dataclass(frozen=True)
class Header:
    """What ran: versions, machine, kernels, subjects' hashes, import results.

    `imports` maps each library of the stack to `""` or to the error its import raised.
    `hardware` and `kernels` are what numbers depend on (processor, thread counts, ISA level).
    `fault` is the id of the fault that was put into a library, empty where none was.
    """

    versions: Mapping[str, str]
    hardware: Mapping[str, str]
    kernels: Mapping[str, str]
    subjects: Mapping[str, str]
    imports: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT
    fault: str = ""


@dataclass(frozen=True)
class Outcome:
    """How one behaviour ended in one cell.

    `behaviour` is its test id without the cell (`tokenizers/test_ids.py::test_round_trip`),
    `cell` the cell's id. `snapshot` tells where the snapshot disagrees, a line each.
    `seconds` is wall time in all, `work` of it in the libraries under test. `expected` marks
    a behaviour that raised as documented since some release (`@until`). `tier` is the smallest
    that runs it; `borrowed` counts observations held against a snapshot of another device.
    """

    behaviour: str
    cell: str
    status: Status
    reason: str = ""
    claims: tuple[str, ...] = ()
    observations: tuple[Observation, ...] = ()
    snapshot: tuple[str, ...] = ()
    seconds: float = 0.0
    work: float = 0.0
    reproduce: str = ""
    expected: bool = False
    tier: Tier = DEFAULT
    borrowed: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return (self.behaviour, self.cell)


@dataclass(frozen=True)
class Record:
    """A run record as read back. `complete` if its `end` line is there."""

    header: Header
    outcomes: tuple[Outcome, ...]
    complete: bool
    interrupted_in: tuple[str, str] | None = None


def header_line(header: Header) -> str:
    return _line({"type": "header", **asdict(header)})


def import_line(package: str, error: str) -> str:
    """`error` is empty where the import succeeded."""
    return _line({"type": "import", "package": package, "error": error})


def start_line(behaviour: str, cell: str) -> str:
    return _line({"type": "start", "behaviour": behaviour, "cell": cell})


def observation_line(behaviour: str, cell: str, observation: Observation) -> str:
    fields = asdict(observation)
    if observation.axes is None:
        del fields["axes"]
    return _line({"type": "observation", "behaviour": behaviour, "cell": cell, **fields})


def outcome_line(outcome: Outcome) -> str:
    """The outcome without its observations, which have lines of their own before it."""
    fields = asdict(outcome)
    del fields["observations"]
    return _line({"type": "outcome", **fields})


def end_line(outcomes: int) -> str:
    return _line({"type": "end", "outcomes": outcomes})


def _line(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n"


def parse(text: str, where: str) -> Record:
    """Read a record from its text; `where` names it in errors.

    Raises RecordError if the header is missing or of another format, or a line other
    than the last is damaged.
    """
    lines = text.split("\n")
    entries = [_entry(line, number, len(lines), where) for number, line in enumerate(lines, 1)]
    kept = [entry for entry in entries if entry is not None]
    if not kept or kept[0].get("type") != "header":
        raise RecordError(
            "not a run record: its first line is no header",
            where=where,
            allowed=f"JSON Lines written by `pytest --record FILE`, format {FORMAT}",
            next="pytest --record run.jsonl",
        )
    header = _header(kept[0], where)
    return _assemble(header, kept[1:], where)


def _entry(line: str, number: int, count: int, where: str) -> dict[str, Any] | None:
    if not line:
        return None
    try:
        entry = json.loads(line)
        if isinstance(entry, dict):
            return entry
    except ValueError:
        pass
    if number == count:
        return None
    raise RecordError(f"line {number} of the run record is damaged", where=where)


def _header(entry: dict[str, Any], where: str) -> Header:
    if entry.get("format") != FORMAT:
        raise RecordError(
            f"run record of format {entry.get('format')!r}", where=where, allowed=f"format {FORMAT}"
        )
    try:
        return Header(**{key: value for key, value in entry.items() if key != "type"})
    except TypeError as error:
        raise RecordError(
            f"the header of the run record is damaged: {error}", where=where
        ) from None


def _assemble(header: Header, entries: Iterable[dict[str, Any]], where: str) -> Record:
    observations: dict[tuple[str, str], list[Observation]] = {}
    outcomes: dict[tuple[str, str], Outcome] = {}
    imports = dict(header.imports)
    running: tuple[str, str] | None = None
    complete = False
    try:
        for entry in entries:
            kind = entry.pop("type")
            if kind == "end":
                complete = True
                continue
            if kind == "import":
                imports[entry["package"]] = entry["error"]
                continue
            key = (entry["behaviour"], entry["cell"])
            if kind == "start":
                running = key
                observations[key] = []
            elif kind == "observation":
                observations.setdefault(key, []).append(_observation(entry))
            elif kind == "outcome":
                outcomes[key] = _outcome(entry, observations.get(key, []))
                running = None
    except (KeyError, TypeError) as error:
        raise RecordError(f"a line of the run record is damaged: {error}", where=where) from None
    header = replace(header, imports=imports)
    return Record(header, tuple(outcomes.values()), complete, running)


def _observation(entry: dict[str, Any]) -> Observation:
    noise, axes = entry.pop("noise"), entry.pop("axes", None)
    fields = {key: value for key, value in entry.items() if key not in ("behaviour", "cell")}
    return Observation(
        **fields, noise=Noise(**noise) if noise else None, axes=_axes(axes) if axes else None
    )


def _axes(fields: dict[str, Any]) -> Axes:
    names = {key: tuple(fields[key]) for key in ("row_names", "column_names")}
    return Axes(fields["rows"], fields["columns"], **names, full=fields.get("full"))


def _outcome(entry: dict[str, Any], observations: list[Observation]) -> Outcome:
    entry["claims"] = tuple(entry["claims"])
    entry["snapshot"] = tuple(entry["snapshot"])
    return Outcome(**entry, observations=tuple(observations))
