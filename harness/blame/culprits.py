"""Which of the moved packages make a change appear: the smallest set of moves, for each change.

A configuration is a subset of the moves laid over the baseline's lock. The empty one must
answer `before` and the whole one `after`; then `ddmin` cuts the set down, and the set it ends
at and each set with one move less are repeated. Changes share every probe.

Where releases are searched afterwards, the ends of that search are these very sets, and what is
repeated there need not be repeated here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from harness.blame import repeats
from harness.blame.asking import Wants, ask
from harness.blame.ddmin import Moves, Tested, Untested, minimise
from harness.blame.evidence import Evidence, Runs, known, restless, state
from harness.blame.world import Listener, World
from harness.vocabulary.blame import Answer, Culprit, Key, Standing
from harness.vocabulary.errors import UsageError

NOTHING: Moves = frozenset()

ASIDE = 0.5
"""What a test gains that may be needed at this cut, against the one that is needed first."""


def find_culprits(
    moves: Sequence[str],
    changes: Collection[Key],
    world: World[Moves],
    listener: Listener,
    likely: Mapping[Key, Sequence[str]] | None = None,
    *,
    repeated: bool = True,
) -> dict[Key, Culprit]:
    """The smallest set of `moves` that makes each change appear.

    `likely` are packages to try alone before anything is cut, by change; packages that belong
    together stand side by side in `moves` with profit. Without `repeated` a set between the ends
    is believed at its first answer: to be borne out by histories, see `turns.borne_out`.
    Raises UsageError where nothing moved.
    """
    if not moves:
        raise UsageError(
            "no package moved, so there is none to blame",
            where="baseline, candidate",
            allowed="two stacks that differ in a version",
            next="harness gate --baseline STACK --candidate STACK --blame",
        )
    question = _Question(tuple(dict.fromkeys(moves)), likely or {}, repeated)
    return ask("packages", changes, partial(step, question), world, listener)


@dataclass(frozen=True)
class _Question:
    moves: tuple[str, ...]
    likely: Mapping[Key, Sequence[str]] = field(default_factory=dict)
    repeated: bool = True

    @property
    def whole(self) -> Moves:
        return frozenset(self.moves)

    @property
    def ends(self) -> tuple[Moves, Moves]:
        return NOTHING, self.whole

    @property
    def at_ends(self) -> dict[Moves, int]:
        runs = repeats.AT_ENDS if self.repeated else repeats.AT_FIRST
        return repeats.at_ends(self.ends, runs)


def step(question: _Question, change: Key, evidence: Evidence[Moves]) -> Wants[Moves] | Culprit:
    """What the search for `change` wants to probe next, or the culprit it found."""
    as_laid = _as_laid(evidence)
    unclear = restless(as_laid.runs.items())
    if unclear is not None:
        reason = f"with {_words(unclear)} it answers now this, now that"
        return Culprit(change, Standing.FLAKY, reason=reason)
    gains, lost = repeats.ends_wanted(question.at_ends, as_laid)
    if lost:
        return _lost(change, lost[0], as_laid.at(lost[0]))
    if gains:
        return Wants(gains, repeats.runs_left(gains) + _tests(len(question.moves)), repeats=True)
    for end, answer in zip(question.ends, (Answer.BEFORE, Answer.AFTER), strict=True):
        if not repeats.shows(as_laid.at(end), answer):
            reason = f"with {_words(end)} it answers {state(as_laid.at(end))}, not {answer}"
            return Culprit(change, Standing.UNVERIFIED, reason=reason)
    likely = question.likely.get(change, ())
    found = minimise(question.moves, likely, partial(_test, evidence, as_laid))
    if isinstance(found, Untested):
        return _untested(found)
    return _check(question, change, found, evidence, as_laid)


def _as_laid(evidence: Evidence[Moves]) -> Evidence[Moves]:
    """The answers by the moves with which each set was laid: one lock, one place."""
    runs: dict[Moves, Runs] = {}
    for asked, answers in evidence.runs.items():
        laid = _laid(evidence, asked)
        runs[laid] = {**runs.get(laid, {}), **answers}
    return Evidence(runs)


def _laid(evidence: Evidence[Moves], asked: Moves) -> Moves:
    return asked | {package for package, _ in evidence.companions.get(asked, ())}


def _test(evidence: Evidence[Moves], as_laid: Evidence[Moves], asked: Moves) -> Tested | None:
    laid = _laid(evidence, asked)
    answer = state(as_laid.at(laid))
    return None if answer is None else Tested(answer, laid)


def _untested(found: Untested) -> Wants[Moves]:
    first, *others = found.sets
    gains = {first: 1.0, **{each: ASIDE / len(others) for each in others}}
    return Wants(gains, _tests(found.size))


def _tests(size: int) -> int:
    """About how many probes reduce that many moves to one and repeat it."""
    return math.ceil(1.5 * math.log2(size)) + repeats.AT_SIDES if size > 1 else repeats.AT_SIDES


def _check(
    question: _Question,
    change: Key,
    found: Moves,
    evidence: Evidence[Moves],
    as_laid: Evidence[Moves],
) -> Wants[Moves] | Culprit:
    """Try the set found with one move less each, repeat them, then say which moves it needs."""
    untold = [found - {move} for move in sorted(found)]
    untold = [each for each in untold if repeats.is_open(as_laid.at(_laid(evidence, each)))]
    if untold:
        return Wants(dict.fromkeys(untold, 1.0), len(untold) * repeats.AT_SIDES)
    without = {move: _laid(evidence, found - {move}) for move in sorted(found)}
    needed = {move: laid for move, laid in without.items() if _does_not(as_laid, laid, move)}
    sides = dict.fromkeys([found, *needed.values()] if question.repeated else ())
    wanted = {side: repeats.wanted_at(side, question.ends, as_laid) for side in sides}
    if gains := repeats.lacking(wanted, as_laid):
        return Wants(gains, repeats.runs_left(gains), repeats=True)
    for side, runs in wanted.items():
        if known(as_laid.at(side)) < runs:
            return _lost(change, side, as_laid.at(side))
    moves = frozenset(needed)
    unclear = _unclear(found, without, needed)
    return Culprit(change, Standing.NAMED, moves, found - moves, unclear)


def _unclear(found: Moves, without: Mapping[str, Moves], needed: Collection[str]) -> Moves:
    """What no run could tell. A move that is laid with the others is forced, which is known."""
    return frozenset(move for move in found.difference(needed) if move not in without[move])


def _does_not(as_laid: Evidence[Moves], laid: Moves, move: str) -> bool:
    """Whether the set without `move` is known not to make the change appear."""
    return move not in laid and state(as_laid.at(laid)) in (Answer.BEFORE, Answer.BETWEEN)


def _lost(change: Key, where: Moves, runs: Runs) -> Culprit:
    return Culprit(change, Standing.UNSETTLED, reason=repeats.unsettled(_words(where), runs))


def _words(moves: Moves) -> str:
    return " and ".join(sorted(moves)) or "no move"
