"""Which module of one release is which of another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from harness.vocabulary.captures import Call, Capture

Key = tuple[str, int]
"""A module's name, and the how-manieth time it ran."""


@dataclass(frozen=True)
class Matching:
    """Calls of the baseline and the candidate that belong together, in the candidate's order.

    `renamed` are the pairs of names among them that differ; the rest ran on one side only.
    """

    pairs: tuple[tuple[Key, Key], ...]
    renamed: tuple[tuple[str, str], ...]
    only_baseline: tuple[str, ...]
    only_candidate: tuple[str, ...]


def match(baseline: Capture, candidate: Capture) -> Matching:
    """By name; what is left, by the order in which it ran, its class and its output's shape.

    The longest common subsequence (`difflib`) keeps the order: a module that moved ahead of
    others of its class is not mistaken for one of them.
    """
    old, new = baseline.passes()[0], candidate.passes()[0]
    found = {key: key for key in new if key in old}
    left = [key for key in old if key not in found]
    right = [key for key in new if key not in found]
    blocks = SequenceMatcher(
        None,
        [_kind(baseline, old[key]) for key in left],
        [_kind(candidate, new[key]) for key in right],
        autojunk=False,
    ).get_matching_blocks()
    for block in blocks:
        for index in range(block.size):
            found[right[block.b + index]] = left[block.a + index]
    taken = set(found.values())
    pairs = tuple((found[key], key) for key in new if key in found)
    return Matching(
        pairs=pairs,
        renamed=tuple(dict.fromkeys((old[0], new[0]) for old, new in pairs if old[0] != new[0])),
        only_baseline=_names(key for key in old if key not in taken),
        only_candidate=_names(key for key in new if key not in found),
    )


def _kind(capture: Capture, call: Call) -> tuple[str, Sequence[int]]:
    module = capture.modules.get(call.name)
    return (module.type if module else "", call.outputs[0].shape if call.outputs else ())


def _names(keys: Iterable[Key]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name, _ in keys))
