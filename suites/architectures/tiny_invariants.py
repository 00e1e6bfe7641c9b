"""Invariants of the tiny models: what must agree whatever the release, and where it cannot."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

NOISE = 3e-5
"""Most that two ways to one result may differ in float32, relative to the largest number."""

_LEFT = "left-padded equals unpadded"
_RIGHT = "right-padded equals unpadded"
_CACHED = "cached equals uncached"
_CHUNKED = "chunked prefill equals whole"

_RESIZED = "resized keeps logits"
_GENERATED = "generated with a cache equals without"
_BATCHED = "generated in a padded batch equals alone"

_COUNTS = "positions are counted from the start of the row, padding included"
_LONGEST = "the rope's factors follow the longest length seen, padding included"
_GROWS = "the rope's factors follow the length, so that keys kept from a shorter text are others'"
_AFRESH = "a later piece of more than one id is read without the state of the ones before"

EXCEPTIONS: dict[tuple[str, str], str] = {
    **{(_LEFT, name): _COUNTS for name in ("bert", "distilbert", "albert", "electra")},
    **{(_LEFT, name): _COUNTS for name in ("bart", "mbart", "marian", "pegasus", "led")},
    **{(_LEFT, name): "the recurrence reads the padding" for name in ("rwkv", "recurrent_gemma")},
    **{(what, name): _LONGEST for what in (_LEFT, _RIGHT) for name in ("llama-dynamic", "phi3")},
    **{(what, name): _GROWS for what in (_CACHED, _CHUNKED) for name in ("llama-dynamic", "phi3")},
    **{(_CHUNKED, name): _AFRESH for name in ("mamba", "jamba", "recurrent_gemma")},
    **{(what, "xlnet"): "attention goes both ways" for what in (_CACHED, _CHUNKED)},
    **{(_RESIZED, name): "resizing ties the head" for name in ("mt5", "umt5")},
    ("eager equals sdpa", "falcon-alibi"): "eager adds ALiBi twice: to the scores and in the mask",
    ("attention weights sum to one", "gpt_oss"): "the sinks take a share",
    (_GENERATED, "llama-dynamic"): _GROWS,
    (_BATCHED, "llama-dynamic"): _LONGEST,
    (_BATCHED, "rwkv"): "the recurrence reads the padding",
    (_BATCHED, "xlnet"): "generation puts a text of its own before the prompt",
    (_CACHED, "bamba"): "without position_ids each piece begins at position 0: the length is "
    "asked of the first layer, which keeps no keys",
}
"""By invariant and type: why it does not hold in the reference stack."""


def worst(deviations: Iterable[float]) -> float:
    """The largest; not a number if any is none, which `max` would pass over."""
    every = list(deviations)
    return math.nan if any(map(math.isnan, every)) else max(every)


@dataclass(frozen=True)
class Checker:
    """Judges deviations and observes the judgement, so that a gate sees it change."""

    observe: Any

    def __call__(self, what: str, name: str, apart: float, within: float = NOISE) -> None:
        """Observes whether `apart` is noise, and asserts it unless the type is an exception."""
        why = EXCEPTIONS.get((what, name))
        held = apart <= within
        self.observe.exact(what, "holds" if held else f"does not hold: {why or 'unexpected'}")
        assert held or why, f"{what}: {name} is {apart:.1e} off, allowed {within:.1e}"
