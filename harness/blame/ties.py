"""Where generated text differs, and whether that is a tie that flipped or a change. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.vocabulary.comparison import tolerance, wider
from harness.vocabulary.gated import ObservationVerdict
from harness.vocabulary.located import Parting
from harness.vocabulary.observations import Observation
from harness.vocabulary.ties import where_parted


def partings(observations: Iterable[ObservationVerdict]) -> Iterator[tuple[str, Parting]]:
    """Where the ids that both sides generated part, by the observation's name."""
    for each in observations:
        old, new = each.baseline, each.candidate
        if old is not None and new is not None and old.kind == new.kind == "tokens":
            found = parting(old, new)
            if found is not None:
                yield each.name, found


def parting(baseline: Observation, candidate: Observation) -> Parting | None:
    """Where two observations of kind `tokens` part, by the noise of the two that allows more."""
    noise = wider(baseline.noise, candidate.noise)
    return where_parted(baseline.value, candidate.value, tolerance(noise))
