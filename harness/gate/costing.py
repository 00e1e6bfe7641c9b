"""Which costs a gate compares: what the libraries that moved can have changed, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.vocabulary.cells import QUANTISED, lacks
from harness.vocabulary.stacks import LIBRARIES, Move
from harness.vocabulary.tasks import OF_AN_ARM, TASKS

USUAL = "float32"
"""The precision in which costs are compared where the gate names none."""

_USUAL_QUANTISED = "nf4"

_LOADS = frozenset({"torch", "transformers", "accelerate"})
"""The libraries that every model is loaded and run by, in any precision."""

_TASKS: Mapping[str, tuple[str, ...]] = {
    "tiktoken": ("tokenizers.tiktoken",),
    "sentencepiece": ("tokenizers.sentencepiece",),
    "tokenizers": ("tokenizers.tokenizers", "tokenizers.transformers"),
    "transformer-lens": ("hooks.bridge",),
    "sae-lens": ("autoencoder",),
}
"""What each library is about, beside its import and the tasks of a model."""


@dataclass(frozen=True)
class Wanted:
    """Where a gate compares costs.

    `models` are the subjects that can be loaded and run; `subject` the one for tasks that no
    precision is about. `precisions` and `tasks` are those that were named: none for what the
    moved libraries are about.
    """

    subject: str
    models: tuple[str, ...]
    precisions: tuple[str, ...] = ()
    devices: tuple[str, ...] = ("cpu",)
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """The tasks in which costs are compared with one subject, precision and device."""

    subject: str
    precision: str
    device: str
    tasks: tuple[str, ...]


def parts(moved: Iterable[Move], wanted: Wanted) -> tuple[Part, ...]:
    """What to compare when these packages moved; nothing where no library of ours did.

    A library that a side lacks has no cost there to compare with.
    """
    libraries = [
        move.package
        for move in moved
        if move.package in LIBRARIES and None not in (move.baseline, move.candidate)
    ]
    asked = wanted.tasks or tuple(task for library in libraries for task in tasks_of(library))
    cells: dict[tuple[str, str, str], list[str]] = {}
    apart = [task for task in asked if task not in OF_AN_ARM]
    if apart:
        cells[wanted.subject, _plain(wanted), wanted.devices[0]] = apart
    for subject in wanted.models:
        for device in wanted.devices:
            for precision in _precisions(libraries, wanted):
                if not lacks(precision, device):
                    there = cells.setdefault((subject, precision, device), [])
                    there += [task for task in asked if task in OF_AN_ARM]
    return tuple(Part(*cell, _ordered(tasks)) for cell, tasks in cells.items() if tasks)


def tasks_of(library: str) -> tuple[str, ...]:
    """The tasks that a release of `library` can make dearer or cheaper."""
    of_models = OF_AN_ARM if library in {*_LOADS, "bitsandbytes"} else ()
    return (f"import.{library}", *of_models, *_TASKS.get(library, ()))


def _plain(wanted: Wanted) -> str:
    """A precision for what none is about: hooks and autoencoders take no quantised model."""
    return next((each for each in wanted.precisions if each not in QUANTISED), USUAL)


def _precisions(libraries: Sequence[str], wanted: Wanted) -> tuple[str, ...]:
    """Those that any of `libraries` computes in: bitsandbytes in quantised ones only."""
    found: list[str] = []
    if wanted.tasks or _LOADS & set(libraries):
        found += wanted.precisions or (USUAL,)
    if "bitsandbytes" in libraries:
        named = [each for each in wanted.precisions if each in QUANTISED]
        found += named if wanted.precisions else [_USUAL_QUANTISED]
    return tuple(dict.fromkeys(found))


def _ordered(tasks: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(tasks), key=TASKS.index))
