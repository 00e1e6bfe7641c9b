"""One worker process of a benchmark: what it is told, and what it says to that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.execution import Ended, Gone, Talk
from harness.running.cells import tail
from harness.vocabulary.costs import Role
from harness.vocabulary.errors import RecordError
from harness.vocabulary.turns import (
    Answer,
    End,
    Missing,
    Once,
    Order,
    Ready,
    Turn,
    Turned,
    Warm,
    Warmed,
    line,
    said,
)


class Lost(Exception):
    """A worker can say nothing more: it died, hung, took too much memory or talks nonsense."""

    def __init__(self, role: Role, reason: str) -> None:
        super().__init__(reason)
        self.role = role
        self.reason = reason


@dataclass(frozen=True)
class Opening:
    """What a worker said until its task was open."""

    ready: Ready
    once: tuple[Once, ...] = ()
    missed: tuple[Missing, ...] = ()

    @property
    def hopeless(self) -> str:
        """Why this arm cannot do the task at all; empty where it can."""
        return next((each.reason for each in self.missed if not each.quantity), "")


class Worker:
    """The worker of one arm. `silence` is how many seconds it may take to say something.

    Every method raises Lost where the worker cannot answer; it is ended then.
    """

    def __init__(
        self, role: Role, talk: Talk, silence: float, watch: Callable[[], None] = lambda: None
    ) -> None:
        self.role = role
        self._talk = talk
        self._silence = silence
        self._watch = watch

    def opened(self) -> Opening:
        """Wait until the task is open."""
        once: list[Once] = []
        missed: list[Missing] = []
        while True:
            answer = self._hear()
            match answer:
                case Once():
                    once.append(answer)
                case Missing():
                    missed.append(answer)
                    if not answer.quantity:
                        return Opening(Ready(), tuple(once), tuple(missed))
                case Ready():
                    return Opening(answer, tuple(once), tuple(missed))
                case _:
                    raise self._nonsense(f"{answer} before its task was open")

    def warm(self, quantity: str) -> Warmed | Missing:
        """Have it repeat the calls of `quantity` until their time is stable."""
        answer = self._ask(Warm(quantity))
        if isinstance(answer, Warmed | Missing) and answer.quantity == quantity:
            return answer
        raise self._nonsense(f"{answer} when asked to warm {quantity}")

    def turn(self, quantity: str, least: float) -> Turned | Missing:
        """Have it call `quantity` for at least `least` seconds."""
        answer = self._ask(Turn(quantity, least))
        if isinstance(answer, Turned | Missing) and answer.quantity == quantity:
            return answer
        raise self._nonsense(f"{answer} at its turn of {quantity}")

    def end(self) -> None:
        """Tell it to end; `Talk` sees to it that it does."""
        try:
            self._talk.tell(line(End()))
        except Gone:
            return
        self._talk.leave()

    def _ask(self, order: Order) -> Answer:
        try:
            self._talk.tell(line(order))
        except Gone as gone:
            raise self._gone(gone) from None
        return self._hear()

    def _hear(self) -> Answer:
        try:
            message = said(self._talk.hear(self._silence, self._watch))
        except Gone as gone:
            raise self._gone(gone) from None
        except (RecordError, ValueError) as error:
            raise self._nonsense(str(error).partition("\n")[0]) from None
        if isinstance(message, Warm | Turn | End):
            raise self._nonsense(f"an order: {message}")
        return message

    def _nonsense(self, what: str) -> Lost:
        self._talk.kill()
        return Lost(self.role, f"it said what is no answer: {what}")

    def _gone(self, gone: Gone) -> Lost:
        said_last = tail(self._talk.log).rpartition("\n")[2]
        how = _worded(gone.ended, self._silence)
        return Lost(self.role, f"{how}: {said_last}" if said_last else how)


def _worded(ended: Ended, silence: float) -> str:
    if ended.kind == "exited":
        return f"its process exited with status {ended.code}"
    if ended.kind == "signalled":
        return f"its process was ended by signal {ended.code}"
    if ended.kind == "timeout":
        return f"its process said nothing for {silence:g} s"
    return (
        f"its process ran out of memory at {ended.peak_bytes / 2**20:.0f} MiB, or was killed; "
        "--memory-limit says how much it may take"
    )
