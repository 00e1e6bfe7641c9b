"""Which behaviours an expression of `--select` means, before any stack stands. Pure."""

from __future__ import annotations

import difflib
import fnmatch
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.vocabulary.errors import UsageError
from harness.vocabulary.tiers import TIERS, Tier

SYNTAX = (
    "a folder, file or id of behaviours (tokenizers, tokenizers/test_ids.py), or a pattern with *"
)


@dataclass(frozen=True)
class Written:
    """A test as it stands in the suites; `varied` if its id may get a part in brackets."""

    behaviour: str
    varied: bool = False


def matches(behaviour: str, expression: str) -> bool:
    """Whether one expression matches one behaviour's id."""
    expression = _bare(expression)
    if behaviour == expression:
        return True
    if "*" in expression:
        return fnmatch.fnmatchcase(behaviour, expression)
    rest = behaviour.removeprefix(expression)
    return rest != behaviour and rest.startswith(("/", "::", "[", ".py"))


def may_match(written: Written, expression: str) -> bool:
    """Whether `expression` can match an id that this test gets under some stack.

    What stands in the brackets of a parametrised test is not known from its text.
    """
    if matches(written.behaviour, expression):
        return True
    if not written.varied:
        return False
    expression = _bare(expression)
    if "*" not in expression:
        return expression.startswith(f"{written.behaviour}[")
    if not expression.endswith(("*", "]", "?")):  # an id with a part in brackets ends with one
        return False
    varied = f"{written.behaviour}["
    starts = (expression[:end] for end in range(1, len(expression) + 1))
    return any(fnmatch.fnmatchcase(varied, start) for start in starts if start.endswith(("[", "*")))


class NothingMatches(UsageError):
    """An expression fits no behaviour: of the suites, or of the tier that was asked for.

    `suggestion` is the expression that was most likely meant.
    """

    def __init__(
        self, what: str, *, where: str = "", allowed: str = "", next: str = "", suggestion: str = ""
    ) -> None:
        super().__init__(what, where=where, allowed=allowed, next=next)
        self.suggestion = suggestion


def check_expressions(
    written: Sequence[Written], expressions: Iterable[str], option: str = "--select"
) -> None:
    """Raise NothingMatches for an expression that no test of the suites can match.

    `option` is where it was given. Nothing is checked where there are no tests: then there is
    nothing to choose from.
    """
    for expression in expressions:
        if written and not any(may_match(each, expression) for each in written):
            known = [each.behaviour for each in written]
            raise nothing_matches(expression, known, option=option)


def nothing_matches(
    expression: str,
    behaviours: Iterable[str],
    tier: Tier = TIERS[-1],
    option: str = "--select",
) -> NothingMatches:
    """The error of an expression that fits none of `behaviours`, with what comes near.

    In a `tier` that is not the whole, what was meant may be in the next.
    """
    known = _choices(behaviours)
    themes = sorted({name.partition("/")[0] for name in known if "/" in name} or set(known))
    close = _near(_bare(expression), known)
    suggestion = _suggestion(_bare(expression), known, close, themes)
    return NothingMatches(
        f"no behaviour matches {expression!r}" + (f"; near: {', '.join(close)}" if close else ""),
        where=f"{option} {shlex.quote(expression)}",
        allowed=f"{SYNTAX}; folders: {', '.join(themes)}",
        next=f"{option} {shlex.quote(suggestion)}"
        + (f", or --tier {TIERS[-1]} (the {tier} tier was asked for)" if tier != TIERS[-1] else ""),
        suggestion=suggestion,
    )


def _bare(expression: str) -> str:
    return expression.removeprefix("suites/").rstrip("/")


def _choices(behaviours: Iterable[str]) -> list[str]:
    """Everything that can be named: folders, files and ids."""
    found: dict[str, None] = {}
    for behaviour in behaviours:
        file, _, _ = behaviour.partition("::")
        parts = file.split("/")
        found |= dict.fromkeys("/".join(parts[:length]) for length in range(1, len(parts) + 1))
        found[behaviour] = None
    return list(found)


def _near(expression: str, known: Sequence[str]) -> list[str]:
    """Up to three names like `expression`, by the whole or by the last part."""
    word = expression.strip("*")
    last = {name: name.rpartition("::")[2].rpartition("/")[2] for name in known}
    ends = difflib.get_close_matches(word.rpartition("::")[2], set(last.values()), n=3, cutoff=0.75)
    by_end = [name for end in ends for name, its in last.items() if its == end]
    return list(dict.fromkeys([*difflib.get_close_matches(word, known, n=3), *by_end]))[:3]


def _suggestion(
    expression: str, known: Sequence[str], close: Sequence[str], themes: Sequence[str]
) -> str:
    plain = expression.strip("*")
    if plain and any(name.startswith(plain) for name in known):
        return f"{plain}*"
    if plain and any(plain in name for name in known):
        return f"*{plain}*"
    return close[0] if close else themes[0]
