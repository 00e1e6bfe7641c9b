"""Which cases were asked for."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from harness.vocabulary.errors import UsageError
from harness.vocabulary.museum import Case


def chosen(
    cases: Sequence[Case], ids: Sequence[str], packages: Sequence[str], where: str
) -> tuple[Case, ...]:
    """The cases with any of `ids` and of any of `packages`; empty sequences mean all.

    Raises UsageError for an id or a package that no case has, and where nothing is left.
    """
    known = [case.id for case in cases]
    of_packages = sorted({case.package for case in cases})
    for option, asked, allowed in (("--case", ids, known), ("--package", packages, of_packages)):
        for word in asked:
            if word not in allowed:
                raise _unknown(option, word, allowed, where)
    found = tuple(
        case
        for case in cases
        if (not ids or case.id in ids) and (not packages or case.package in packages)
    )
    if not found:
        raise UsageError(
            "no case is left",
            where=f"--case {','.join(ids)} --package {','.join(packages)}",
            allowed="cases of the packages named",
            next="give one of the two options",
        )
    return found


def _unknown(option: str, word: str, allowed: Sequence[str], where: str) -> UsageError:
    noun = "case" if option == "--case" else "case of a package"
    close = difflib.get_close_matches(word, allowed, n=1, cutoff=0.4)
    return UsageError(
        f"no {noun} is called {word!r}",
        where=f"{option} {word}; {where}",
        allowed=", ".join(allowed),
        next=f"{option} {close[0]}" if close else "harness museum --list",
    )
