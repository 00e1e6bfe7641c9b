"""The stacks of a gate, made by `harness.stacks`: what fails there becomes a verdict here."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from packaging.utils import canonicalize_name

from harness import stacks
from harness.gate.plan import Side
from harness.gate.world import Built, Request, StackFailure
from harness.vocabulary.errors import HarnessError, NoEvidence
from harness.vocabulary.stacks import LIBRARIES, Lock, Move

_SPECIFIER = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?\s*[=<>!~]=?")


class RealStacks:
    """Resolves and builds by uv. `say` is told what goes on; `alone` if there is no other side."""

    def __init__(
        self,
        home: Path,
        say: Callable[[str], None],
        *,
        no_downgrade: bool = False,
        torch_backend: str | None = None,
        alone: bool = False,
    ) -> None:
        self._home = home
        self._say = say
        self._no_downgrade = no_downgrade
        self._torch_backend = torch_backend
        self._one = alone
        self._stop = threading.Event()
        self._guard = threading.Lock()
        self._building: dict[str, threading.Lock] = {}

    def resolve(self, side: Side, argument: str) -> Lock:
        """See `made` for what it raises; a bad argument's UsageError as it is."""
        self._say(f"resolving {argument}" if self._one else f"resolving the {side}: {argument}")
        with made(side):
            return stacks.resolve_stack(
                argument,
                home=self._home,
                no_downgrade=self._no_downgrade and side == "candidate",
                torch_backend=self._torch_backend,
            )

    def moves(self, baseline: Lock, candidate: Lock) -> tuple[Move, ...]:
        return stacks.moves(baseline, candidate)

    def build(self, side: Side, lock: Lock) -> Built:
        """See `made` for what it raises. Two sides with one lock build it once, and share it."""
        with made(side), self._alone(lock):
            environment = stacks.build(
                lock,
                lambda line: self._say(line if self._one else f"{side}: {line}"),
                self._torch_backend,
                self._stop,
            )
        return Built(environment.python, python_version(environment.python))

    def _alone(self, lock: Lock) -> threading.Lock:
        with self._guard:
            return self._building.setdefault(lock.digest, threading.Lock())

    def stop(self) -> None:
        """End every wait for an environment that another process builds."""
        self._stop.set()

    def notes(self, request: Request, moved: tuple[Move, ...]) -> tuple[str, ...]:
        """Each library that the candidate takes back unasked, and what made it go back."""
        return tuple(
            self._went_back(request.candidate, move)
            for move in moved
            if move.went_back and move.package in LIBRARIES and unasked(request.candidate, move)
        )

    def _went_back(self, argument: str, move: Move) -> str:
        text = f"{move.package} goes back from {move.baseline} to {move.candidate}"
        try:
            why = stacks.why_back(
                argument, move, home=self._home, torch_backend=self._torch_backend
            )
        except HarnessError:
            why = ""
        return f"{text}: {why}" if why else text


@contextmanager
def made(side: Side) -> Iterator[None]:
    """Turn a stack that is wrong into StackFailure, no network or disk space into NoEvidence."""
    try:
        yield
    except stacks.Unsolvable as error:
        raise StackFailure(side, "unsolvable", error) from error
    except stacks.Uninstallable as error:
        raise StackFailure(side, "uninstallable", error) from error
    except (stacks.IndexUnreachable, stacks.NoSpace) as error:
        raise NoEvidence(
            error.what, where=error.where, allowed=error.allowed, next=error.next
        ) from error


def unasked(argument: str, move: Move) -> bool:
    """Whether `argument` has specifiers and none of them is for the package that moved."""
    named = {canonicalize_name(name) for name in _SPECIFIER.findall(argument)}
    return bool(named) and move.package not in named


def python_version(python: Path) -> str:
    """The version of an interpreter, with its implementation's build."""
    done = subprocess.run(
        [str(python), "-c", "import sys; print(sys.version)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return " ".join(done.stdout.split())
