"""What was noticed of faults, on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.report import numbers
from harness.report.plain import clip, one_line
from harness.report.words import plural
from harness.vocabulary.faults import Notice, Sensitivity, Share, Sight, Tried
from harness.vocabulary.tiers import TIERS

_SHOWN = 3
_WIDTH = 160


def render(found: Sensitivity, console: Console) -> None:
    """Print the shares by library and by kind, what survived, and who noticed each fault.

    The column `gate` counts the faults whose verdicts would fail a gate, those of the tiers what
    a run of that tier alone would have noticed.
    """
    _line(console, Text(headline(found), style="bold"))
    for title, groups in (("library", found.libraries), ("kind", found.kinds)):
        console.print()
        console.print(_table(title, (*groups, found.total), found))
    _noticed(found.faults, console)
    _survivors(found.faults, console)
    _unknown(found.faults, console)
    _left_out(found, console)
    for note in found.notes:
        _line(console, Text(f"note: {one_line(note)}"))


def headline(found: Sensitivity) -> str:
    """One sentence: the share, and whether the bounds are kept."""
    total = found.total
    if total.share is None:
        return f"Nothing is known of {plural(len(found.faults), 'fault')} under {found.stack}"
    bounds = f"{found.total_bound:.0%} of all, {found.library_bound:.0%} of each library"
    kept = "kept" if found.met else "not kept"
    kept += " by what is known" if found.met and not found.surely_met else ""
    rest = f", {total.unknown} unknown" if total.unknown else ""
    return (
        f"{total.noticed} of {plural(total.judged, 'fault')} noticed under {found.stack} "
        f"({_percent(total)}){rest}; bounds {kept}: {bounds}; {numbers.duration(found.seconds)}"
    )


def _table(title: str, groups: Sequence[Share], found: Sensitivity) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(title, no_wrap=True)
    for name in ("faults", "noticed", "share", "unknown", "gate", *TIERS):
        table.add_column(name, justify="right", no_wrap=True)
    for group in groups:
        table.add_row(*_row(group), style=_style(group, title, found))
    return table


def _row(group: Share) -> list[str]:
    counts = [group.judged + group.unknown, group.noticed]
    rest = [group.unknown, group.stopped, *group.by_tier]
    return [group.name, *map(_count, counts), _percent(group), *map(_count, rest)]


def _count(count: int) -> str:
    return str(count) if count else "·"


def _style(group: Share, title: str, found: Sensitivity) -> str:
    if group.name == "all":
        return "bold"
    below = group.share is not None and group.share < found.library_bound
    return "red" if below and title == "library" else ""


def _percent(group: Share) -> str:
    return "·" if group.share is None else f"{group.share:.0%}"


def _noticed(faults: Iterable[Tried], console: Console) -> None:
    noticed = [each for each in faults if each.sight is Sight.NOTICED]
    if not noticed:
        return
    _heading(console, f"Noticed ({len(noticed)})")
    for each in noticed:
        count = f"{len(each.notices)} of {plural(each.judged, 'behaviour')}"
        _line(console, Text.assemble((each.id, "green"), f"  by {count}"))
        for notice in each.notices[:_SHOWN]:
            _line(console, Text(f"    {_notice(notice)}", style="dim"))
        if len(each.notices) > _SHOWN:
            _line(console, Text(f"    and {len(each.notices) - _SHOWN} more", style="dim"))


def _notice(notice: Notice) -> str:
    text = f"{notice.verdict.value}  {notice.behaviour} ({notice.cell})"
    return clip(one_line(f"{text}: {notice.detail}" if notice.detail else text), _WIDTH)


def _survivors(faults: Iterable[Tried], console: Console) -> None:
    survivors = [each for each in faults if each.sight is Sight.SURVIVED]
    if not survivors:
        return
    _heading(console, f"Survived ({len(survivors)}): no behaviour noticed")
    for each in survivors:
        shown = plural(each.judged, "behaviour")
        _line(console, Text.assemble((each.id, "bold red"), f"  shown to {shown}"))
        _line(console, Text(f"    {one_line(each.why)}"))


def _unknown(faults: Iterable[Tried], console: Console) -> None:
    unknown = [each for each in faults if each.sight is Sight.UNKNOWN]
    if not unknown:
        return
    _heading(console, f"Unknown ({len(unknown)}): not counted")
    for each in unknown:
        _line(console, Text.assemble((each.id, "yellow"), f"  {clip(one_line(each.reason), 400)}"))


def _left_out(found: Sensitivity, console: Console) -> None:
    if not found.unsteady:
        return
    title = f"Judged nothing ({len(found.unsteady)}): not sure of themselves without a fault"
    _heading(console, title)
    for each in found.unsteady:
        _line(console, Text(clip(f"{each.behaviour} ({each.cell})", _WIDTH)))
        _line(console, Text(f"    {clip(one_line(each.reason), _WIDTH)}", style="dim"))


def listing(faults: Sequence[Tried], console: Console) -> None:
    """Print faults that were not tried: id and kind, and why a user would care."""
    for each in faults:
        _line(console, Text.assemble((each.id, "bold"), (f"  {each.kind}", "dim")))
        _line(console, Text(f"  {one_line(each.why)}"))
    libraries = len({each.library for each in faults})
    of = "library" if libraries == 1 else "libraries"
    _line(console, Text(f"{plural(len(faults), 'fault')} in {libraries} {of}", style="bold"))


def _heading(console: Console, text: str) -> None:
    console.print()
    _line(console, Text(text, style="bold underline"))


def _line(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)
