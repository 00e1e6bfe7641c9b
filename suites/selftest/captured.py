"""Captures made by hand: a chain of modules, each a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.vocabulary.captures import (
    OUTPUT,
    Call,
    Capture,
    ModuleSeen,
    Paths,
    TensorSeen,
)


def tensor(part: str, value: float, dtype: str = "float32") -> TensorSeen:
    """A tensor of one entry, which is its own sketch."""
    return TensorSeen(part, (1,), dtype, abs(value), value, 0, repr(value), (value,), (value,))


def chain(
    outputs: Mapping[str, float | Sequence[float]],
    *,
    types: Mapping[str, str] | None = None,
    parents: Mapping[str, str] | None = None,
) -> Capture:
    """Modules that run one after the other, each on the output of the one before.

    Several numbers are those of several passes.
    """
    passes = max((len(each) for each in outputs.values() if isinstance(each, Sequence)), default=1)
    calls = []
    for run in range(passes):
        before = 1.0
        for order, (name, values) in enumerate(outputs.items()):
            value = values[run] if isinstance(values, Sequence) else values
            given, made = tensor("x", before), tensor(OUTPUT, value)
            calls.append(Call(run, order, name, 0, (given,), (made,)))
            before = value
    modules = {
        name: ModuleSeen(name, (types or {}).get(name, "Linear"), "", (parents or {}).get(name, ""))
        for name in outputs
    }
    return Capture(Paths("Model", "sdpa", threads=tuple(range(passes))), modules, tuple(calls))
