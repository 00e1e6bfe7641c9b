"""The pool: each subject loaded once a cell, dropped when the cell is done, under a budget."""

from __future__ import annotations

import gc
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.subjects.lenses import load_bridge, load_hooked
from harness.subjects.loading import load_model
from harness.subjects.sources import Prepared
from harness.subjects.text import TextTokenizer, load_tokenizer
from harness.subjects.weights import estimated_bytes
from harness.vocabulary.cells import Cell
from harness.vocabulary.errors import NoEvidence


@dataclass(frozen=True)
class _Held:
    value: Any
    size: int


class Pool:
    """Keeps loaded objects by cell.

    `budget_bytes` bounds the sum of what the objects are estimated to take: before one is
    loaded, those used least recently are dropped. `loads` counts loads by the cell's id
    and the kind of object, `seconds` is the time that loading took.
    """

    def __init__(self, budget_bytes: int) -> None:
        self.budget = budget_bytes
        self.loads: dict[tuple[str, str], int] = {}
        self.seconds = 0.0
        self._held: OrderedDict[tuple[Cell, str], _Held] = OrderedDict()

    @property
    def held_bytes(self) -> int:
        """What the objects held now are estimated to take."""
        return sum(held.size for held in self._held.values())

    def model(self, prepared: Prepared, cell: Cell) -> Any:
        """The cell's transformers model, shared: whoever asks must not change it."""
        precision, device = cell.precision or "float32", cell.device or "cpu"
        size = estimated_bytes(prepared.directory, precision)
        return self._get(cell, "model", size, lambda: load_model(prepared, precision, device))

    def tokenizer(self, prepared: Prepared) -> TextTokenizer:
        """The subject's tokenizer, one for all its cells."""
        found: TextTokenizer = self._get(
            Cell(prepared.entry.name), "tokenizer", 0, lambda: load_tokenizer(prepared)
        )
        return found

    def bridge(self, prepared: Prepared, cell: Cell) -> Any:
        """A TransformerBridge over a copy of the cell's model: it changes what it is given."""
        return self._over_model(
            prepared,
            cell,
            "bridge",
            lambda model, native: load_bridge(model, native, prepared.directory),
        )

    def hooked(self, prepared: Prepared, cell: Cell) -> Any:
        """A HookedTransformer with the weights of the cell's model, copied."""
        return self._over_model(
            prepared,
            cell,
            "hooked",
            lambda model, native: load_hooked(prepared, model, native),
        )

    def release(self, cell: Cell) -> None:
        """Drop what belongs to `cell`: its last behaviour is done."""
        gone = [key for key in self._held if key[0] == cell]
        for key in gone:
            del self._held[key]
        if gone:
            _collect()

    def _over_model(
        self, prepared: Prepared, cell: Cell, kind: str, load: Callable[[Any, Any], Any]
    ) -> Any:
        """An object made from the cell's model and as large as it: both have to fit."""
        size = estimated_bytes(prepared.directory, cell.precision or "float32")
        model = None
        if (cell, kind) not in self._held:
            self._check_fits(cell, f"model and {kind}", 2 * size)
            model = self.model(prepared, cell)
        native = self.tokenizer(prepared).native
        return self._get(cell, kind, size, lambda: load(model, native))

    def _get(self, cell: Cell, kind: str, size: int, load: Callable[[], Any]) -> Any:
        key = (cell, kind)
        if key not in self._held:
            self._check_fits(cell, kind, size)
            self._make_room(size)
            begun = time.perf_counter()
            try:
                value = load()
            finally:
                self.seconds += time.perf_counter() - begun
            self.loads[cell.id, kind] = self.loads.get((cell.id, kind), 0) + 1
            self._held[key] = _Held(value, size)
        self._held.move_to_end(key)
        return self._held[key].value

    def _check_fits(self, cell: Cell, kind: str, size: int) -> None:
        if size > self.budget:
            raise NoEvidence(
                f"the {kind} of {cell.id} takes about {_mib(size)}, more than the memory budget",
                where="--memory-budget",
                allowed=f"at most {_mib(self.budget)}",
                next=f"--memory-budget {-(-size // 2**30)}GiB",
            )

    def _make_room(self, size: int) -> None:
        """Drop what was used least recently until `size` more bytes fit."""
        evicted = False
        while self.held_bytes + size > self.budget:
            key = next(key for key, held in self._held.items() if held.size)
            del self._held[key]
            evicted = True
        if evicted:
            _collect()


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"


def _collect() -> None:
    """Models hold reference cycles, and CUDA keeps freed blocks until told."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
