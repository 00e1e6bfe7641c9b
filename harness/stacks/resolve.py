"""From a stack argument to a lock: uv decides, this asks and words the answer."""

from __future__ import annotations

import difflib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from harness.stacks import uv
from harness.stacks.arguments import Request, understand
from harness.stacks.errors import (
    IndexUnreachable,
    NoSpace,
    Uninstallable,
    UnknownPackage,
    UnknownVersion,
    Unsolvable,
)
from harness.stacks.explain import (
    absent_package,
    absent_version,
    mentioned,
    plain,
    reasons,
    smallest_conflict,
)
from harness.stacks.pins import Pin, read_pins
from harness.vocabulary.errors import StackError
from harness.vocabulary.stacks import Lock, Move

_NETWORK = (
    "Failed to fetch",
    "error sending request",
    "network was disabled",
    "was not found in the cache",
    "operation timed out",
    "dns error",
)
_FORBIDDEN = ("network was disabled", "was not found in the cache")
_LONG = 40

CONNECT = "check the connection, or name an index within reach in UV_DEFAULT_INDEX"
FROM_CACHE = "check the connection, or set UV_OFFLINE=1 to go by what is cached"
ALLOW = "unset UV_OFFLINE, or name a folder that has the wheels in UV_FIND_LINKS"
"""What helps against an index out of reach: never what was tried already."""


def resolve_stack(
    argument: str,
    *,
    home: Path,
    no_downgrade: bool = False,
    torch_backend: str | None = None,
    roots: tuple[str, ...] | None = None,
) -> Lock:
    """Resolve a stack argument to exact versions of every package.

    `argument` is a name, a path to a file of pins, or specifiers over the reference.
    `no_downgrade` forbids that a library not named goes back behind the reference.
    `torch_backend` picks torch's build as uv's `--torch-backend` does (`cpu`, `auto`, `cu126`).
    `roots` replaces the packages of the reference that must stay in the stack.

    Raises UsageError (bad syntax, no such stack or file), Unsolvable with the smallest
    conflicting set (UnknownPackage and UnknownVersion are kinds of it), Uninstallable
    (metadata of a package does not build), IndexUnreachable, NoSpace.
    """
    request = understand(argument, home=home, no_downgrade=no_downgrade, roots=roots)
    ran, pins = compile_pins(request.required, request.preferred, torch_backend)
    if ran.status != 0:
        raise _failure(request, ran.said, torch_backend, no_downgrade)
    return Lock(request.name, tuple((pin.package, pin.specifier[2:]) for pin in pins))


def why_back(argument: str, move: Move, *, home: Path, torch_backend: str | None = None) -> str:
    """Why `argument` made a package go back: what excludes the version of the baseline.

    Asks the resolver to keep that version or a newer one, and returns its reason.
    """
    request = understand(argument, home=home)
    at_least = Pin(canonicalize_name(move.package), f">={move.baseline}".split("+")[0])
    required = (*(pin for pin in request.required if pin.package != move.package), at_least)
    ran, _ = compile_pins(required, request.preferred, torch_backend)
    if ran.status == 0:
        return f"the resolver preferred it; {move.package} {move.baseline} would resolve too"
    kept = Request(request.name, required, request.preferred, request.named)
    failure = _failure(kept, ran.said, torch_backend, no_downgrade=False)
    if not isinstance(failure, Unsolvable):
        return failure.what
    asked = [str(pin) for pin in required if str(pin) in failure.conflict and pin != at_least]
    given = f", and {' '.join(asked)} is asked for" if asked else ""
    return ("; ".join(failure.reasons) or failure.words) + given


def compile_pins(
    required: Sequence[Pin],
    preferred: Sequence[Pin],
    torch_backend: str | None,
    offline: bool = False,
) -> tuple[uv.Ran, tuple[Pin, ...]]:
    """What uv makes of `required`, keeping to `preferred` where it can; no pins if it fails.

    `offline` has it look at nothing but its cache and folders of wheels.
    """
    with tempfile.TemporaryDirectory(prefix="harness-resolve-") as folder:
        asked, answer = Path(folder, "asked.in"), Path(folder, "answer.txt")
        asked.write_text("".join(f"{pin}\n" for pin in required), encoding="utf-8")
        answer.write_text("".join(f"{pin}\n" for pin in preferred), encoding="utf-8")
        more = ["--torch-backend", torch_backend] if torch_backend else []
        more += ["--offline"] if offline else []
        output = ["--output-file", str(answer), "--no-header", "--no-annotate", "--quiet"]
        ran = uv.call(["pip", "compile", str(asked), *output, "--python", sys.executable, *more])
        if ran.status != 0:
            return ran, ()
        return ran, read_pins(answer.read_text(encoding="utf-8"), "the resolver's answer")


def _failure(
    request: Request, said: str, torch_backend: str | None, no_downgrade: bool
) -> StackError:
    words = plain(said)
    out = outage(said, FROM_CACHE)
    if out is not None:
        return out
    if "No solution found" not in said:
        return Uninstallable(
            f"{request.name} does not resolve: {words}",
            where=request.name,
            next="take another version of the package named",
        )
    absent = absent_package(said)
    if absent is not None:
        return _unknown_package(absent, words, request)
    return _unsolvable(request, said, torch_backend, no_downgrade)


def outage(said: str, advice: str = CONNECT) -> StackError | None:
    """What kept uv from any answer: a full disk, an index out of reach; None if it answered."""
    if disk_full(said):
        return no_space(plain(said), Path(tempfile.gettempdir()))
    if any(sign in said for sign in _NETWORK):
        forbidden = any(sign in said for sign in _FORBIDDEN)
        return unreachable(plain(said), ALLOW if forbidden else advice)
    return None


def disk_full(said: str) -> bool:
    """Whether uv met a disk or a quota that is full."""
    return "No space left on device" in said or "quota exceeded" in said.lower()


def no_space(words: str, folder: Path) -> NoSpace:
    return NoSpace(
        f"no space left on the disk; what was built before is intact ({words})",
        where=str(folder),
        next="harness stacks prune --older-than 7, or set HARNESS_CACHE and UV_CACHE_DIR elsewhere",
    )


def unreachable(words: str, advice: str = CONNECT) -> IndexUnreachable:
    return IndexUnreachable(
        f"the package index does not answer: {words}",
        where="UV_DEFAULT_INDEX, UV_FIND_LINKS",
        allowed="a package index or a folder of wheels that can be reached",
        next=advice,
    )


def _unknown_package(absent: str, words: str, request: Request) -> UnknownPackage:
    by_user = absent in request.named
    known = {pin.package for pin in (*request.preferred, *request.required)} - {absent}
    near = difflib.get_close_matches(absent, sorted(known), cutoff=0.75)
    spelling = f"check the spelling (near: {', '.join(near)})" if near else "check the spelling"
    return UnknownPackage(
        f"the package index has no package {absent!r}",
        conflict=(absent,),
        reasons=(f"{absent} is not on the package index",),
        words=words,
        where=request.name if by_user else f"{request.name}: something in it requires {absent}",
        next=f"{spelling}, or name the index that has it in UV_INDEX",
    )


def _unsolvable(
    request: Request, said: str, torch_backend: str | None, no_downgrade: bool
) -> Unsolvable:
    conflict, said = _narrow(request, said, torch_backend)
    words = plain(said)
    unfit = absent_version(said, conflict)
    if unfit is not None:
        return UnknownVersion(
            f"there is no {unfit} to be had",
            conflict=(str(unfit),),
            reasons=(f"no release of {unfit.package} on the index fits {unfit}",),
            words=words,
            where=request.name,
            next=_newest(unfit.package, torch_backend),
        )
    found = reasons(said, conflict)
    together = " with ".join(str(pin) for pin in conflict)
    return Unsolvable(
        f"no set of versions satisfies {together}: {'; '.join(found) or words}",
        conflict=tuple(str(pin) for pin in conflict),
        reasons=found,
        words=words,
        where=request.name,
        next="let other libraries go back, without --no-downgrade"
        if no_downgrade
        else "leave out or change one of the requirements named",
    )


def _narrow(request: Request, said: str, torch_backend: str | None) -> tuple[tuple[Pin, ...], str]:
    """The smallest conflict, and what the resolver says of it alone."""
    heard = {frozenset(request.required): said}

    def solvable(requirements: Sequence[Pin]) -> bool:
        ran, _ = compile_pins(requirements, request.preferred, torch_backend)
        if "No solution found" in ran.said:
            heard[frozenset(requirements)] = ran.said
            return False
        return True

    suspects: Sequence[Pin] = mentioned(said, request.required)
    if not suspects or (len(suspects) < len(request.required) and solvable(suspects)):
        suspects = request.required if len(request.required) <= _LONG else suspects
        if len(suspects) > _LONG or not suspects:
            return tuple(suspects), said
    found = smallest_conflict(suspects, solvable)
    return found, heard.get(frozenset(found), said)


def _newest(package: str, torch_backend: str | None) -> str:
    ran, pins = compile_pins((Pin(package, ""),), (), torch_backend)
    newest = [str(pin) for pin in pins if pin.package == package]
    return f"the newest is {newest[0]}" if ran.status == 0 and newest else "check the version"
