"""The arms of a benchmark, from what its options say."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.commands import given
from harness.vocabulary import plants
from harness.vocabulary.costs import Arm, CostVerdict
from harness.vocabulary.errors import UsageError

VARIED = ("stack", "subject", "precision", "device", "attention")
"""What `--vary` may vary, by the fields of an arm."""

ATTENTION = ("eager", "sdpa", "flash_attention_2", "flex_attention")

COSTS_MORE = frozenset({CostVerdict.SLOWER, CostVerdict.HEAVIER})


@dataclass(frozen=True)
class Arms:
    """Every candidate is compared with the baseline."""

    baseline: Arm
    candidates: tuple[Arm, ...]


def arms_of(args: argparse.Namespace, default_subject: str) -> Arms:
    """The arms that the options name. Raises UsageError."""
    whole = Arm(
        args.baseline,
        args.baseline,
        _one(args.subject, "--subject", given.subject) or default_subject,
        *(_one_of(args)),
        attention=args.attention,
    )
    if args.vary is not None:
        for option, value in (("--candidate", args.candidate), ("--plant", args.plant)):
            if value is not None:
                raise UsageError(
                    f"{option} and --vary do not go together",
                    where=f"--vary {args.vary} {option} {value}",
                    allowed="the arms that --vary names, or a baseline and a candidate",
                    next=f"leave out {option}, or --vary",
                )
        _check_varied_alone(args)
        return _checked(_varied(args.vary, whole))
    plant = args.plant or ""
    plants.parse(plant)
    stack = args.candidate if args.candidate is not None else args.baseline
    name = f"{stack} with {plant}" if plant else stack
    return _checked(Arms(whole, (replace(whole, name=name, stack=stack, plant=plant),)))


def _one_of(args: argparse.Namespace) -> tuple[str, str]:
    """The precision and the device of the arms."""
    precision = _one(args.precision, "--precision", lambda text: given.precisions([text])[0])
    device = _one(args.device, "--device", lambda text: given.devices([text])[0])
    return precision or "float32", device or "cpu"


def _one(text: str | None, option: str, read: Callable[[str], str]) -> str:
    """One value: several are for `--vary`."""
    if text is None:
        return ""
    words = [text] if option == "--subject" else given.words([text], option, "one")
    if len(words) > 1:
        name = option.removeprefix("--")
        raise UsageError(
            f"{option} names {len(words)} of which each arm has one",
            where=f"{option} {text}",
            allowed="one",
            next=f"--vary {name}={','.join(words)} compares them",
        )
    return read(words[0])


def _varied(vary: str, whole: Arm) -> Arms:
    """An arm for each value; the first is the baseline of all others."""
    field, equals, text = vary.partition("=")
    if field not in VARIED or not equals:
        close = difflib.get_close_matches(field, VARIED, n=1)
        raise UsageError(
            f"{field!r} cannot be varied" if equals else "--vary without values",
            where=f"--vary {vary}",
            allowed=", ".join(f"{each}=A,B" for each in VARIED),
            next=f"--vary {close[0] if close else 'precision'}={text or 'A,B'}",
        )
    values = list(dict.fromkeys(_values(field, text)))
    if len(values) < 2:
        raise UsageError(
            f"--vary {field} needs two values to compare",
            where=f"--vary {vary}",
            allowed=f"{field}=A,B",
            next=f"--vary {field}={values[0] if values else 'A'},B",
        )
    first, *others = (_with(whole, field, value) for value in values)
    return Arms(first, tuple(others))


def _check_varied_alone(args: argparse.Namespace) -> None:
    """Raise UsageError where an option says what all arms have of what they are to differ in."""
    field = args.vary.partition("=")[0]
    given_one = vars(args).get(field) if field != "stack" else None
    if given_one:
        raise UsageError(
            f"--{field} says of every arm what --vary {field} varies",
            where=f"--vary {args.vary} --{field} {given_one}",
            allowed="one of them",
            next=f"--vary {field}=A,B, whose first value is the baseline",
        )


def _with(whole: Arm, field: str, value: str) -> Arm:
    name = value.partition("=")[0] if field == "subject" else value
    match field:
        case "stack":
            return replace(whole, name=name, stack=value)
        case "subject":
            return replace(whole, name=name, subject=value)
        case "precision":
            return replace(whole, name=name, precision=value)
        case "device":
            return replace(whole, name=name, device=value)
        case _:
            return replace(whole, name=name, attention=value)


def _values(field: str, text: str) -> list[str]:
    option = f"--vary {field}"
    match field:
        case "precision":
            return given.precisions([text])
        case "device":
            return given.devices([text])
        case "stack":
            # A comma before an operator belongs to a specifier: "torch>=2,<3".
            return [part.strip() for part in re.split(r",(?!\s*[<>=!~])", text) if part.strip()]
        case "subject":
            return [given.subject(each) for each in given.words([text], option, "subjects")]
        case _:
            return [attention(each) for each in given.words([text], option, ", ".join(ATTENTION))]


def attention(text: str) -> str:
    """An attention implementation. Raises UsageError."""
    if text in ATTENTION:
        return text
    close = difflib.get_close_matches(text, ATTENTION, n=1)
    raise UsageError(
        f"unknown attention implementation {text!r}",
        where=f"--attention {text}",
        allowed=", ".join(ATTENTION),
        next=f"--attention {close[0] if close else ATTENTION[0]}",
    )


def _checked(arms: Arms) -> Arms:
    """Raise UsageError where a device of an arm lacks its precision."""
    for arm in (arms.baseline, *arms.candidates):
        given.check_together([arm.precision], [arm.device])
    return arms


def fail_on(text: str | None, varied: bool) -> frozenset[CostVerdict]:
    """What exits 1: what costs more, but nothing between arms of which no one is the old one.

    Raises UsageError for a word that is no such verdict.
    """
    if text is None:
        return frozenset() if varied else COSTS_MORE
    allowed = [each.value for each in CostVerdict if each not in (CostVerdict.SAME,)]
    words = given.words([text], "--fail-on", ", ".join(allowed))
    for word in words:
        if word not in allowed:
            close = difflib.get_close_matches(word, allowed, n=1)
            raise UsageError(
                f"{word!r} is no verdict to fail on",
                where=f"--fail-on {text}",
                allowed=", ".join(allowed),
                next=f"--fail-on {close[0] if close else 'slower,heavier'}",
            )
    return frozenset(CostVerdict(word) for word in words)
