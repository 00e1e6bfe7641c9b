"""Which cells a behaviour runs in, and in which order, so that each cell is loaded once."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.plugin import speed
from harness.plugin.marks import Requirements, requirements
from harness.plugin.options import SETTINGS, Settings
from harness.vocabulary.cells import NO_PACKAGE, Cell, lacks
from harness.vocabulary.subjects import Subject
from harness.vocabulary.tiers import in_cell, within

MODEL_FIXTURES = frozenset({"model", "bridge", "hooked", "reference_logits", "load"})
SUBJECT_FIXTURES = frozenset({"tokenizer", "hf_tokenizer", "subject"})
TRANSFORMERS_FORMATS = frozenset({"transformers", "gguf"})

CELL = pytest.StashKey[Cell]()
NEEDS = pytest.StashKey[Requirements]()
DESELECTED = pytest.StashKey["Counter[str]"]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a behaviour that asks for a subject one parameter a cell."""
    if not asks_for_subject(metafunc.function, metafunc.fixturenames):
        return
    settings = metafunc.config.stash[SETTINGS]
    wanted = requirements(metafunc.definition)
    fixtures = metafunc.fixturenames
    formats = TRANSFORMERS_FORMATS if "hf_tokenizer" in fixtures else None
    cells = list(cells_of(settings, wanted, asks_for_model(metafunc.function, fixtures), formats))
    metafunc.parametrize("cell", cells, ids=[cell.id for cell in cells], indirect=True)


def asks_for_subject(function: object, fixtures: Iterable[str]) -> bool:
    return bool((MODEL_FIXTURES | SUBJECT_FIXTURES | {"cell"}) & set(fixtures))


def asks_for_model(function: object, fixtures: Iterable[str]) -> bool:
    """A model fixture anywhere in the closure, or `cell` asked for by name."""
    direct = inspect.signature(function).parameters  # type: ignore[arg-type]
    return bool(MODEL_FIXTURES & set(fixtures)) or "cell" in direct


def cells_of(
    settings: Settings,
    wanted: Requirements,
    with_model: bool,
    formats: frozenset[str] | None = None,
) -> Iterable[Cell]:
    """The cells of these settings that have what a behaviour wants, in running order.

    `formats` restricts the subjects to those whose files are of such a format.
    """
    for subject in settings.subjects:
        if not applies(subject, wanted, with_model):
            continue
        if formats is not None and subject.format not in formats:
            continue
        if not with_model:
            yield Cell(subject.name)
            continue
        for device in settings.devices:
            for precision in settings.precisions:
                fits = not wanted.precisions or precision in wanted.precisions
                if fits and lacks(precision, device) is None:
                    yield Cell(subject.name, precision, device)


def applies(subject: Subject, wanted: Requirements, with_model: bool) -> bool:
    if wanted.subject is not None and subject.name != wanted.subject:
        return False
    if with_model and not subject.is_model:
        return False
    if not with_model and "tokenizer" not in subject.abilities:
        return False
    return wanted.abilities <= subject.abilities


def behaviour_id(item: pytest.Item) -> str:
    """The test's id below `suites/`, without its cell: the same under every stack."""
    nodeid = item.nodeid.partition("@")[0]
    cell = item.stash.get(CELL, None)
    if cell is not None:
        nodeid = nodeid.replace(f"[{cell.id}]", "").replace(f"[{cell.id}-", "[")
        nodeid = nodeid.replace(f"-{cell.id}]", "]")
    return nodeid.removeprefix("suites/")


def library_cell(wanted: Requirements) -> Cell:
    """The cell of a behaviour without a subject: the first package it requires."""
    return Cell(wanted.packages[0] if wanted.packages else NO_PACKAGE)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    settings = config.stash.get(SETTINGS, None)
    if settings is None:
        return
    config.stash[DESELECTED] = Counter()
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        _stash(item)
        (kept if _selected(item, settings, config) else dropped).append(item)
    kept.sort(key=lambda item: _order(item, settings))
    items[:] = kept
    if dropped:
        config.hook.pytest_deselected(items=dropped)
    if settings.list_cells is not None:
        write_plan(settings.list_cells, kept)
        items[:] = []
    for item in kept:
        item.add_marker(pytest.mark.xdist_group(item.stash[CELL].id))


def _stash(item: pytest.Item) -> None:
    wanted = requirements(item)
    callspec = getattr(item, "callspec", None)
    cell = callspec.params.get("cell") if callspec is not None else None
    if not isinstance(cell, Cell):
        cell = library_cell(wanted)
    if not item.config.option.precision:
        wanted = replace(wanted, tier=in_cell(wanted.tier, cell.precision))
    item.stash[NEEDS] = wanted
    item.stash[CELL] = cell


def _selected(item: pytest.Item, settings: Settings, config: pytest.Config) -> bool:
    if _is_empty(item):
        config.stash[DESELECTED]["no selected subject, precision or device applies"] += 1
        return False
    planned = settings.list_cells is not None or settings.behaviours is not None
    if reason := speed.left_out(item, settings.home, planned=planned):
        config.stash[DESELECTED][reason] += 1
        return False
    if settings.selected and not _has_subject(item):
        config.stash[DESELECTED]["needs no subject, and subjects were selected"] += 1
        return False
    if settings.cell is not None and item.stash[CELL].id != settings.cell:
        return False
    if settings.behaviours is not None and not _is_listed(item, settings.behaviours):
        return False
    tier = item.stash[NEEDS].tier
    if not within(tier, settings.tier):
        config.stash[DESELECTED][f"of the {tier} tier (--tier {tier})"] += 1
        return False
    return True


def _is_listed(item: pytest.Item, listed: frozenset[str]) -> bool:
    """Whether its id is there, or its id in its cell: `tokenizers/test_ids.py::test_x@cl100k`."""
    behaviour = behaviour_id(item)
    return behaviour in listed or f"{behaviour}@{item.stash[CELL].id}" in listed


def _is_empty(item: pytest.Item) -> bool:
    """pytest makes one placeholder of a test whose parameter set came out empty."""
    callspec = getattr(item, "callspec", None)
    return (
        callspec is not None
        and "cell" in callspec.params
        and not isinstance(callspec.params["cell"], Cell)
    )


def _has_subject(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and isinstance(callspec.params.get("cell"), Cell)


def _order(item: pytest.Item, settings: Settings) -> tuple[int, str, int, int]:
    """Libraries first, then subject by subject, float32 before what is compared with it."""
    cell = item.stash[CELL]
    names = [subject.name for subject in settings.subjects]
    if not _has_subject(item):
        return (-1, cell.subject, 0, 0)
    precision = settings.precisions.index(cell.precision) + 1 if cell.precision else 0
    device = settings.devices.index(cell.device) if cell.device else 0
    return (names.index(cell.subject), cell.subject, device, precision)


def write_plan(path: Path, items: list[pytest.Item]) -> None:
    """The cells that a run would visit, with the ids of their behaviours, as JSON."""
    cells: dict[Cell, list[str]] = {}
    for item in items:
        cells.setdefault(item.stash[CELL], []).append(behaviour_id(item))
    plan = [
        {
            "id": cell.id,
            "subject": cell.subject,
            "precision": cell.precision,
            "device": cell.device,
            "behaviours": behaviours,
        }
        for cell, behaviours in cells.items()
    ]
    path.write_text(json.dumps({"cells": plan}, indent=1), encoding="utf-8")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Listing cells runs nothing, on purpose: that is no failure."""
    settings = session.config.stash.get(SETTINGS, None)
    if settings is not None and settings.list_cells is not None and session.testsfailed == 0:
        session.exitstatus = pytest.ExitCode.OK
