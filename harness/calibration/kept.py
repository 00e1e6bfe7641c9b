"""What a calibration leaves beside the snapshots: the text of each file of noise."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from harness.calibration.spreads import Calibration, freedom
from harness.vocabulary.noise import SUFFIX, Group, Provenance, Spread, dumps, loads, merge
from harness.vocabulary.records import Header
from harness.vocabulary.stacks import LIBRARIES

_GPU = re.compile(r"-(cuda(?::\d+)?|mps)$")


def provenance(calibration: Calibration, cell: str, date: str) -> Provenance:
    """Where and how the numbers of `cell` were measured. `date` as 2026-11-21."""
    header = calibration.runs[0].header
    conditions = [run.condition for run in calibration.runs]
    within, across = freedom(conditions)
    return Provenance(
        device=device_class(header, cell),
        processor=header.hardware.get("processor", ""),
        instructions=header.hardware.get("instructions", ""),
        kernels=tuple(dict.fromkeys(each.kernels for each in conditions)),
        batches=tuple(sorted({each.batch for each in conditions})),
        threads=tuple(sorted({each.threads for each in conditions})),
        runs=len(conditions),
        within=within,
        across=across,
        versions=tuple((p, header.versions[p]) for p in LIBRARIES if p in header.versions),
        date=date,
    )


def device_class(header: Header, cell: str) -> str:
    """`cpu`, `mps`, or the name of the GPU that the cell's id ends with."""
    found = _GPU.search(cell)
    return header.hardware.get(found[1], found[1]) if found else "cpu"


def texts(
    calibration: Calibration, date: str, read: Callable[[str], str | None]
) -> dict[str, str | None]:
    """The new text of each file of noise, by its path below the snapshots; None: no file.

    `read` gives the text that a path has now, None where there is none. What was measured
    before and not this time stays. Raises RecordError where a file is damaged.
    """
    found: dict[str, str | None] = {}
    spreads = _spreads(calibration)
    for (path, cell), measured in _held(calibration).items():
        old = read(path)
        groups = loads(old, f"snapshots/{path}") if old is not None else ()
        group = Group(provenance(calibration, cell, date), spreads.get(path, {}))
        merged = merge(groups, group, measured)
        if merged or old is not None:
            found[path] = dumps(merged) if merged else None
    return found


def _spreads(calibration: Calibration) -> Mapping[str, Mapping[str, Spread]]:
    """What was measured, by file and number."""
    files: dict[str, dict[str, Spread]] = {}
    for number in calibration.numbers:
        name = f"{_test(number.behaviour)} {number.observation.name}"
        files.setdefault(_path(number.behaviour, number.cell), {})[name] = number.spread
    return files


def _held(calibration: Calibration) -> Mapping[tuple[str, str], set[str]]:
    """The tests that held in every run, by file and cell: of these all is known anew."""
    files: dict[tuple[str, str], set[str]] = {}
    for key in calibration.runs[0].outcomes:
        outcomes = [run.outcomes.get(key) for run in calibration.runs]
        if all(outcome is not None and outcome.status == "held" for outcome in outcomes):
            behaviour, cell = key
            files.setdefault((_path(behaviour, cell), cell), set()).add(_test(behaviour))
    return files


def _path(behaviour: str, cell: str) -> str:
    module = behaviour.partition("::")[0].removesuffix(".py")
    return f"{module}/{cell}{SUFFIX}"


def _test(behaviour: str) -> str:
    return behaviour.partition("::")[2]
