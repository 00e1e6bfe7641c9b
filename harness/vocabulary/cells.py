"""A cell: one subject in one precision on one device, or the behaviours of one library alone."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import Literal, get_args

from harness.vocabulary.errors import UsageError

Precision = Literal["float32", "bfloat16", "float16", "int8", "nf4", "fp4"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
QUANTISED: frozenset[str] = frozenset({"int8", "nf4", "fp4"})

NO_PACKAGE = "python"
"""The cell of behaviours that need neither a subject nor a library."""

_DEVICE = re.compile(r"cpu|mps|cuda(:\d+)?")
_ID = re.compile(rf"(.+?)-({'|'.join(PRECISIONS)})-(cpu|mps|cuda(?::\d+)?)")


@dataclass(frozen=True, order=True)
class Cell:
    """Where a behaviour is observed.

    A model subject has a precision and a device; a tokenizer subject and a library
    (a package whose behaviours need no subject) have neither.
    """

    subject: str
    precision: str | None = None
    device: str | None = None

    @property
    def id(self) -> str:
        """Readable name as it stands in test ids: `smollm2-135m-instruct-nf4-cpu`."""
        return "-".join(part for part in (self.subject, self.precision, self.device) if part)

    def __str__(self) -> str:
        return self.id


def cell_of(id: str) -> Cell:
    """The cell that `id` names; a tokenizer's or library's has a subject only."""
    match = _ID.fullmatch(id)
    return Cell(*match.groups()) if match else Cell(id)


def on_cpu(cell: Cell) -> Cell | None:
    """The same subject and precision on the processor, for a cell of another device."""
    return replace(cell, device="cpu") if cell.device not in (None, "cpu") else None


def check_precision(name: str) -> Precision:
    """Return `name` as a precision, or raise UsageError naming the allowed ones."""
    for precision in PRECISIONS:
        if name == precision:
            return precision
    close = difflib.get_close_matches(name, PRECISIONS, n=1)
    raise UsageError(
        f"unknown precision {name!r}",
        where=f"--precision {name}",
        allowed=", ".join(PRECISIONS),
        next=f"--precision {close[0] if close else PRECISIONS[0]}",
    )


def check_device(name: str) -> str:
    """Return `name` as a device, or raise UsageError naming the allowed forms."""
    if _DEVICE.fullmatch(name):
        return name
    raise UsageError(
        f"unknown device {name!r}",
        where=f"--device {name}",
        allowed="cpu, cuda, cuda:N, mps",
        next="--device cpu",
    )


def lacks(precision: str, device: str) -> str | None:
    """Why `device` cannot run `precision` (bitsandbytes has no mps kernels); None where it can."""
    if device == "mps" and precision in QUANTISED:
        return f"{precision} needs bitsandbytes, which has no kernels for mps"
    return None
