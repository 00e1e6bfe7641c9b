"""The stacks of a search: mixed from two locks, built, and each made once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from harness import stacks
from harness.gate.plan import Side
from harness.gate.world import Built, StackFailure, Stopped, World
from harness.running.blaming_mixes import Laid, MixStore, Versions
from harness.running.crew import ended_by, wait_for_all
from harness.running.stacks import made, python_version
from harness.stacks import Mixed
from harness.vocabulary.stacks import Lock

T = TypeVar("T")
SIDE: Side = "candidate"
"""What a stack of a search stands for where a gate tells its sides apart."""

GONE = "gone"
"""In place of the version of a package that had to go."""


@dataclass(frozen=True)
class Unmade:
    """No such stack: why, in words."""

    reason: str


class MixedStacks:
    """Stacks over `base`, whose forced packages go `towards` another lock where they can.

    Raises NoEvidence where the network or the disk ran out: nothing can be said of the stack.
    """

    def __init__(
        self, base: Lock, towards: Lock | None, world: World, torch_backend: str | None
    ) -> None:
        self._base = base
        self._towards = towards
        self._world = world
        self._backend = torch_backend
        self._stop = threading.Event()
        other = towards.digest if towards else None
        self._store = MixStore(world.places.cache / "mixes", base, other, torch_backend)
        self._laid: dict[frozenset[tuple[str, str | None]], Laid | Unmade] = {}
        self._built: dict[str, Built | Unmade] = {}
        self._building: dict[str, threading.Lock] = {}
        self._last: stacks.Environment | None = None
        self.kept = 0

    @property
    def made(self) -> int:
        """How many environments stand, those included that stood before."""
        return sum(isinstance(each, Built) for each in tuple(self._built.values()))

    @property
    def unmade(self) -> int:
        """How many stacks do not resolve or install."""
        found = (*self._laid.values(), *self._built.values())
        return sum(isinstance(each, Unmade) for each in found)

    def known(self, versions: Versions) -> Laid | Unmade | None:
        """What `lay` found before, now or another time; None where it was not asked."""
        asked = frozenset(versions.items())
        if asked not in self._laid:
            found = self._an_end(versions) or self._store.get(versions)
            if found is None:
                return None
            self._laid[asked] = found
        return self._laid[asked]

    def why_not(self, versions: Versions) -> str:
        """Why there is no such stack, of one that was asked for; "" where there is one."""
        found = self._laid.get(frozenset(versions.items()))
        made = self._built.get(found.lock.digest) if isinstance(found, Laid) else found
        return made.reason if isinstance(made, Unmade) else ""

    def stands(self, lock: Lock) -> bool:
        """Whether its environment is there to be used at once."""
        return lock.digest in self._built

    def lay(self, versions: Versions) -> Laid | Unmade:
        """The stack of the base with `versions`."""
        found = self.known(versions)
        if found is None:
            found = self._laid[frozenset(versions.items())] = self._mix(versions)
            if isinstance(found, Laid):
                self._store.keep(versions, found)
        return found

    def _an_end(self, versions: Versions) -> Laid | None:
        """The ends are locks of their own, and need not be resolved."""
        merged = {**self._base.versions, **versions}
        there = {name: version for name, version in merged.items() if version is not None}
        locks = filter(None, (self._base, self._towards))
        return next((Laid(lock) for lock in locks if lock.versions == there), None)

    def _mix(self, versions: Versions) -> Laid | Unmade:
        def mix() -> Laid | Unmade:
            with made(SIDE):
                return _laid(
                    stacks.mix(
                        self._base, versions, towards=self._towards, torch_backend=self._backend
                    )
                )

        self._world.listener.say(f"resolving {_words(versions)}")
        return self._patiently(mix)

    def build(self, lock: Lock) -> Built | Unmade:
        """The environment of `lock`; Unmade where it does not install.

        Safe in several threads: one makes it, the others wait for it. Raises Stopped after
        `interrupt`, which leaves nothing to be said of the stack.
        """
        with self._building.setdefault(lock.digest, threading.Lock()):
            if lock.digest not in self._built:
                self._check_goes_on()
                found = self._patiently(lambda: self._build(lock))
                self._check_goes_on()
                self._built[lock.digest] = found
            return self._built[lock.digest]

    def _check_goes_on(self) -> None:
        if self._stop.is_set():
            raise Stopped

    def _build(self, lock: Lock) -> Built | Unmade:
        kept = stacks.is_built(lock)
        try:
            with made(SIDE):
                found = stacks.build(lock, self._world.listener.say, self._backend, self._stop)
        except StackFailure as failure:
            return Unmade(f"it does not install: {failure.error.what}")
        self.kept += kept
        if not kept and self._last is not None:
            stacks.lend(self._last.directory, found.directory)
        self._last = found
        return Built(found.python, python_version(found.python))

    def _patiently(self, work: Callable[[], T]) -> T:
        """Do `work` beside this thread: the main one hears Ctrl-C meanwhile."""
        with ThreadPoolExecutor(1, thread_name_prefix="stack") as pool:
            future = pool.submit(work)
            with ended_by(self.interrupt, [future]):
                wait_for_all([future])
            return future.result()

    def interrupt(self) -> None:
        """End what is resolved or built now; no stack is made any more."""
        self._stop.set()
        self._world.interrupt()


def _laid(found: Mixed | stacks.Unmixable) -> Laid | Unmade:
    if not isinstance(found, Mixed):
        return Unmade(f"it does not resolve: {'; '.join(found.reasons) or found.words}")
    moved = ((move.package, move.candidate or GONE) for move in found.forced)
    return Laid(found.lock, tuple(moved))


def _words(versions: Versions) -> str:
    told = (f"{name}=={at}" if at else f"without {name}" for name, at in sorted(versions.items()))
    return " ".join(told) or "the baseline"
