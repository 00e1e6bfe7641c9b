"""What brought the changes, as data for other programs."""

from __future__ import annotations

from typing import Any

from harness.report.blame.middles import middle_json
from harness.report.located import jsonform as located
from harness.report.strict import finite
from harness.vocabulary.blame import (
    Blamed,
    BlameReport,
    Effort,
    History,
    Searched,
    Transition,
)


def to_json(found: BlameReport) -> dict[str, Any]:
    """`found` as strict JSON.

    Of a group, `standing` is named, flaky, unverified or unsettled; `moves` are the packages
    of its culprit, each needed, `inseparable` those that moved with them and cannot be told apart,
    `unclear` those of them of which nobody knows whether they must, since nothing answered without;
    `releases` maps a package to the release that brought the change, null where there is
    not one such; `histories` has the turns of each package, `probed` what each release answered
    of one change, `runs` how many runs gave each answer, and `middles` what the first gave of
    those that answered between.
    """
    return {
        "groups": [_group(blamed) for blamed in found.groups],
        "unsearched": [
            {
                "behaviour": each.change[0],
                "cell": each.change[1],
                "verdict": each.verdict.value,
                "reason": each.reason,
            }
            for each in found.unsearched
        ],
        "searched": [searched_json(each) for each in found.searched],
        "effort": effort_json(found.effort),
        "notes": list(found.notes),
        "located": [located.fields(each) for each in found.located],
    }


def _group(blamed: Blamed) -> dict[str, Any]:
    return {
        "standing": blamed.standing.value,
        "moves": sorted(blamed.moves),
        "inseparable": sorted(blamed.inseparable),
        "unclear": sorted(blamed.unclear),
        "reason": blamed.reason,
        "releases": {
            package: turns[0].first if len(turns) == 1 and turns[0].exact else None
            for package, turns in blamed.transitions
        },
        "turns": {
            package: [turn_json(turn) for turn in turns] for package, turns in blamed.transitions
        },
        "changes": [{"behaviour": behaviour, "cell": cell} for behaviour, cell in blamed.changes],
        "histories": [history_json(history) for history in blamed.histories],
    }


def history_json(history: History) -> dict[str, Any]:
    """One history: its change, its turns, and what every probed release answered."""
    return {
        "behaviour": history.change[0],
        "cell": history.change[1],
        "package": history.package,
        "standing": history.standing.value,
        "reason": history.reason,
        "scanned": history.scanned,
        "turns": [turn_json(turn) for turn in history.transitions],
        "probed": {release: answer.value for release, answer in history.probed},
        "runs": {answer.value: count for answer, count in history.runs},
        "middles": [middle_json(each) for each in history.middles],
    }


def turn_json(turn: Transition) -> dict[str, Any]:
    return {
        "last": turn.last,
        "first": turn.first,
        "was": turn.was.value,
        "now": turn.now.value,
        "exact": turn.exact,
        "unknown": list(turn.unknown),
        "beside": [
            {"package": move.package, "from": move.baseline, "to": move.candidate}
            for move in turn.beside
        ],
    }


def searched_json(searched: Searched) -> dict[str, Any]:
    """The releases, or commits, that were searched, and those left out with the reason."""
    return {
        "package": searched.package,
        "place": searched.place,
        "releases": list(searched.releases),
        "skipped": [{"release": name, "reason": why} for name, why in searched.skipped],
        "held": list(searched.held),
        "note": searched.note,
    }


def effort_json(effort: Effort) -> dict[str, Any]:
    """What the search took: made now, or kept from before."""
    return {
        "environments": effort.environments,
        "environments_kept": effort.environments_kept,
        "unmade": effort.unmade,
        "probes": effort.probes,
        "probes_kept": effort.probes_kept,
        "processes": effort.processes,
        "seconds": finite(effort.seconds),
    }
