"""Progress of a search for blame: which step, how many are left, how long that takes."""

from __future__ import annotations

from harness.blame.world import Progress
from harness.running.progress import ShownProgress, plural

UNIT = "probes"


class BlameProgress:
    """Hears searches, one after the other, and shows each probe by `shown`."""

    def __init__(self, shown: ShownProgress) -> None:
        self._shown = shown
        self._begun = False
        self._before = 0
        self._done = 0

    def probing(self, progress: Progress) -> None:
        """A probe begins. One that is kept takes no time and has no line of its own."""
        if progress.probes == 0:
            self._begin(progress)
        self._done = self._before + progress.probes
        self._shown.at(
            self._done,
            self._done + progress.fewest,
            f"{progress.search}: {progress.where}",
            self._line(progress) if progress.seconds else "",
        )

    def _begin(self, progress: Progress) -> None:
        if not self._begun:
            self._shown.stage(UNIT)
        self._before = self._done + self._begun
        self._begun = True
        self._shown.tell(
            f"searching the {progress.search} for {plural(progress.changes, 'change')}"
        )

    def _line(self, progress: Progress) -> str:
        left = str(progress.fewest)
        if progress.most > progress.fewest:
            left += f" to {progress.most}"
        return (
            f"[{self._done + 1}, {left} left, {estimate(progress.seconds)}] {progress.where}, "
            f"run {progress.replica + 1}, for {plural(progress.asked, 'change')}; "
            f"{progress.settled} of {progress.changes} settled"
        )


def estimate(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, round(seconds / 10)) * 10} s"
    return f"about {round(seconds / 60)} min"
