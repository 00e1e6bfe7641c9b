"""Running the behaviour, and saying whether the change shows."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Any

from harness.standalone.again import pins, under_baseline
from harness.standalone.errors import CouldNotRun
from harness.standalone.given import ALLOWED, BASELINE, ENDS, EXPECTED
from harness.standalone.observing import Observe
from harness.vocabulary.reproducers import COULD_NOT_RUN, SHOWS, SHOWS_NOT

Behaviour = Callable[[Observe, contextlib.ExitStack], object]

NOT_OBSERVED = "(not observed)"


def main(behaviour: Behaviour) -> int:
    """Run it and print what was expected and observed. 1: the change shows, 0: it does not,
    2: it could not be run."""
    options = sys.argv[1:]
    if options == ["--baseline"]:
        return under_baseline()
    if options:
        print(f"{COULD_NOT_RUN}it takes --baseline or nothing, not {' '.join(options)}")
        return 2
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    print(f"with {', '.join(_installed())}")
    observe = Observe()
    with contextlib.ExitStack() as stack:
        ended, reason = how_it_ends(lambda: behaviour(observe, stack))
    before, after = ENDS
    if ended not in ENDS:
        print(f"{COULD_NOT_RUN}neither {before} nor {after}, but {ended}: {reason}")
        return 2
    differing = [name for name in EXPECTED if differs(name, observe.seen)]
    if ended != before:
        print(f"expected  {before}\nobserved  {ended}: {reason}")
    for name in differing:
        print(*_account(name, observe.seen), sep="\n")
    shows = ended != before or bool(differing)
    print(SHOWS if shows else SHOWS_NOT)
    return int(shows)


def how_it_ends(run: Callable[[], object]) -> tuple[str, str]:
    """`held`, `failed` (an assertion), `skipped`, or the type of what it raised; and why."""
    try:
        run()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        text = " ".join(str(error).split())[:300]
        kind = type(error).__name__
        if isinstance(error, CouldNotRun):
            return "could not run", text
        if isinstance(error, AssertionError) or kind == "Failed":
            return "failed", text
        if kind == "Skipped":
            return "skipped", text
        if kind not in ENDS:
            traceback.print_exc()
        return kind, text
    return "held", ""


def differs(name: str, seen: dict[str, Any]) -> bool:
    """Whether what was seen is not what is expected: numbers within ALLOWED are the same."""
    if name not in seen:
        return bool(EXPECTED[name] != NOT_OBSERVED)
    return next(differences(EXPECTED[name], seen[name], ALLOWED.get(name, 0.0)), None) is not None


def differences(
    old: Any, new: Any, allowed: float, path: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Where two values differ, and what stands there in each."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old:
            yield from differences(
                old[key], new.get(key, NOT_OBSERVED), allowed, f"{path}[{key!r}]"
            )
    elif isinstance(old, list) and isinstance(new, list):
        for index, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from differences(one, other, allowed, f"{path}[{index}]")
        if len(old) != len(new):
            yield f"{path}, its length", len(old), len(new)
    elif not alike(old, new, allowed):
        yield path, old, new


def alike(old: Any, new: Any, allowed: float) -> bool:
    numbers = (int, float)
    if isinstance(old, bool) or isinstance(new, bool) or not isinstance(old, numbers):
        return type(old) is type(new) and bool(old == new)
    if not isinstance(new, numbers):
        return False
    return math.isclose(old, new, rel_tol=0.0, abs_tol=allowed)


def _account(name: str, seen: dict[str, Any], most: int = 5) -> Iterator[str]:
    """What was expected and observed, at the first places where they differ."""
    found = list(differences(EXPECTED[name], seen.get(name, NOT_OBSERVED), ALLOWED.get(name, 0.0)))
    for path, old, new in found[:most]:
        yield f"{name}{path}\n  expected  {_brief(old)}\n  observed  {_brief(new)}"
    if name in ALLOWED:
        yield f"  a difference of {ALLOWED[name]:.3g} is allowed"
    if len(found) > most:
        yield f"  and {len(found) - most} differences more"


def _brief(value: Any, most: int = 400) -> str:
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def _installed() -> Iterator[str]:
    """The versions at hand of the packages that differ."""
    for package in BASELINE or pins():
        with contextlib.suppress(metadata.PackageNotFoundError):
            yield f"{package} {metadata.version(package)}"
