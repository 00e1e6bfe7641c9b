"""Which of the moved packages a change probably came with: they are tried alone first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.vocabulary.blame import Change
from harness.vocabulary.cells import QUANTISED
from harness.vocabulary.stacks import LIBRARIES, Move, import_name

_OF_MODELS = ("transformers", "torch", "tokenizers", "accelerate")


def in_order(moved: Iterable[Move]) -> tuple[str, ...]:
    """The packages that moved, the libraries under test first."""
    names = {move.package for move in moved}
    libraries = [name for name in LIBRARIES if name in names]
    return (*libraries, *sorted(names.difference(libraries)))


def likely(change: Change, moves: Sequence[str]) -> tuple[str, ...]:
    """Those of `moves` to try first: the library whose cell it is or which
    its test names, then what models run on."""
    test = change.behaviour.rpartition("::")[2]
    named = [name for name in moves if import_name(name) in test]
    quantised = QUANTISED.intersection(change.cell.split("-")[-2:-1])
    kernels = ["bitsandbytes"] if quantised else []
    ordered = dict.fromkeys([change.cell, *named, *kernels, *_OF_MODELS])
    return tuple(name for name in ordered if name in moves)
