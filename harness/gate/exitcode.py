"""From what a gate found to its exit code."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from harness.vocabulary.accepted import Acceptance
from harness.vocabulary.costs import CostVerdict
from harness.vocabulary.errors import ExitCode, UsageError
from harness.vocabulary.gated import BehaviourVerdict, PackageVerdict
from harness.vocabulary.verdicts import FAILS_A_GATE, UNIMPORTABLE, Verdict


def exit_code(
    stack_verdict: str,
    packages: Iterable[PackageVerdict],
    behaviours: Collection[BehaviourVerdict],
    fail_on: Collection[Verdict] = FAILS_A_GATE,
    costs: Collection[CostVerdict] | None = None,
    accepted: Iterable[Acceptance] = (),
    lost: bool = False,
) -> ExitCode:
    """The exit code of a gate, as DESIGN 5 has it.

    An unknown leaves a gate inconclusive unless something else fails it; so does a gate
    in which nothing ran, or in which all that ran fails under both stacks: what fails in
    both could not have differed. `costs` are the verdicts of the costs that were to be
    compared, `same` for one that is accepted, None where none were: an inconclusive one counts as
    nothing, but not one verdict at all leaves the gate inconclusive. `lost` says that only the
    candidate cannot do something that costs are of, which fails the gate. What is accepted does
    not fail it; an entry of `accepted` that no longer stands does.
    """
    if stack_verdict != "built":
        return ExitCode.CANNOT_BUILD
    if any(each.verdict in fail_on and each.accepted is None for each in behaviours):
        return ExitCode.CHANGED
    if any(each.fails for each in accepted):
        return ExitCode.CHANGED
    if any(each.verdict == UNIMPORTABLE and each.accepted is None for each in packages):
        return ExitCode.CHANGED
    if lost:
        return ExitCode.CHANGED
    conclusive = {each for each in costs or () if each is not CostVerdict.INCONCLUSIVE}
    if any(Verdict(each.value) in fail_on for each in conclusive):
        return ExitCode.CHANGED
    if any(each.verdict is Verdict.UNKNOWN for each in behaviours):
        return ExitCode.INCONCLUSIVE
    failing = all(each.verdict is Verdict.FAILING for each in behaviours)
    if (failing and not conclusive) or (costs is not None and not costs):
        return ExitCode.INCONCLUSIVE
    return ExitCode.NOTHING_CHANGED


def parse_fail_on(text: str | None) -> frozenset[Verdict]:
    """`--fail-on drifted,flaky` as verdicts; the usual ones where it is not given.

    Raises UsageError for a word that is no verdict or cannot fail a gate.
    """
    if text is None:
        return FAILS_A_GATE
    allowed = {verdict.value: verdict for verdict in Verdict if verdict is not Verdict.SAME}
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words or [text]:
        if word not in allowed:
            close = difflib.get_close_matches(word.lower(), allowed, n=1)
            raise UsageError(
                f"{word!r} is no verdict that can fail a gate",
                where=f'--fail-on "{text}"',
                allowed=", ".join(allowed),
                next=f"--fail-on {close[0]}" if close else "leave --fail-on out for the usual ones",
            )
    return frozenset(allowed[word] for word in words)
