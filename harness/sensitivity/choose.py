"""Which faults are meant by ids, libraries and kinds."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from harness.faults import Fault
from harness.vocabulary.errors import UsageError


def chosen(
    faults: Sequence[Fault], ids: Sequence[str], libraries: Sequence[str], kinds: Sequence[str]
) -> tuple[Fault, ...]:
    """The faults that fit every part that is not empty.

    Raises UsageError where a library or kind has no fault, or none fits all of them.
    """
    _check("--library", libraries, [each.library for each in faults])
    _check("--kind", kinds, [each.kind for each in faults])
    found = tuple(
        each
        for each in faults
        if (not ids or each.id in ids)
        and (not libraries or each.library in libraries)
        and (not kinds or each.kind in kinds)
    )
    if not found:
        raise UsageError(
            "no fault is of all that was asked for",
            where="--fault, --library and --kind together",
            allowed=f"what fits one or more of {len(faults)} faults",
            next="harness sensitivity --list",
        )
    return found


def _check(option: str, asked: Sequence[str], known: Sequence[str]) -> None:
    for name in asked:
        if name not in known:
            close = difflib.get_close_matches(name.lower(), set(known), n=1)
            raise UsageError(
                f"no fault has {name!r}",
                where=f"{option} {name}",
                allowed=", ".join(dict.fromkeys(known)),
                next=f"{option} {close[0]}" if close else "harness sensitivity --list",
            )
