"""What a report notes of its own evidence. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from harness.vocabulary.records import Outcome


def noise_note(outcomes: Iterable[Outcome]) -> str:
    """One note where noise was borrowed: of how many numbers, and measured on what."""
    borrowed = Counter(
        observation.noise.provenance
        for outcome in outcomes
        for observation in outcome.observations
        if observation.noise is not None and observation.noise.borrowed
    )
    if not borrowed:
        return ""
    sources = "; ".join(source.removeprefix("borrowed ") for source, _ in borrowed.most_common(3))
    return (
        f"the noise of {borrowed.total()} numbers was not measured on a machine of this class, but "
        f"borrowed ({sources}): harness calibrate --update measures it here"
    )
