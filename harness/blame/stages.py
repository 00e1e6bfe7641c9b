"""The first stage of a tokenizer that makes another thing of a text. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.vocabulary.captures import Stage
from harness.vocabulary.located import StageParted

ORDER = ("normaliser", "pre-tokenizer", "model", "post-processor", "decoder")
"""The stages in the order in which they work."""


def first_stage(baseline: Iterable[Stage], candidate: Iterable[Stage]) -> StageParted | None:
    """The earliest stage that differs on any text; None where all make the same of every text.

    A stage that only one side can be asked for says nothing.
    """
    old = {(each.stage, each.text): each.value for each in baseline}
    new = {(each.stage, each.text): each.value for each in candidate}
    differ = [key for key in old if key in new and old[key] != new[key]]
    found = [stage for stage in ORDER if any(key[0] == stage for key in differ)]
    if not found:
        return None
    texts = tuple(text for stage, text in differ if stage == found[0])
    key = (found[0], texts[0])
    return StageParted(
        stage=found[0],
        text=texts[0],
        baseline=old[key],
        candidate=new[key],
        position=_position(old[key], new[key]),
        texts=texts,
        later=tuple(found[1:]),
        described=tuple((key[0], old[key], new[key]) for key in differ if key[0] not in ORDER),
    )


def _position(old: Any, new: Any) -> int | None:
    if not (isinstance(old, list | str) and isinstance(new, list | str)):
        return None
    pairs = enumerate(zip(old, new, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(old), len(new)))
