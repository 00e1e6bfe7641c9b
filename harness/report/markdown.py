"""The report as Markdown that fits the summary of a CI run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from harness.report import acceptances, summary, words
from harness.report.bench import markdown as bench
from harness.report.blame import markdown as blame
from harness.report.blame.rows import blame_rows
from harness.report.excerpts import sides
from harness.report.ledger.rows import change_text, claim_row, observed_text
from harness.report.located import markdown as located
from harness.report.plain import clean, clip, one_line
from harness.vocabulary.gated import GateReport, ObservationVerdict, PackageVerdict

LIMIT = 64_000
"""Bytes; a comment on GitHub may have 65,536 characters, a step's summary more."""

CLAIMS = 40
"""So many claims are listed."""

_RESERVE = 400
_WIDTH = 48
_TEXT = 600
_ROWS = 4
_MARKUP = re.compile(r"[\\`*_\[\]<>#|~$@&]")


@dataclass(frozen=True)
class Block:
    """A piece that is left out whole where it does not fit; `verdicts` are told in it.

    `text` makes it: what does not fit is not worded, which costs time for large values.
    """

    text: Callable[[], str]
    verdicts: int = 0


def to_markdown(report: GateReport) -> str:
    """`report` in at most LIMIT bytes of UTF-8; says so where something did not fit."""
    end = f"\n{escape(words.counts_line(report))}\n"
    room = LIMIT - _RESERVE - len(end.encode())
    kept: list[str] = []
    left_out = blocks_left_out = 0
    for block in _blocks(report):
        text = "" if blocks_left_out else block.text()
        size = len(text.encode())
        if size <= room and not blocks_left_out:
            kept.append(text)
            room -= size
        else:
            left_out += block.verdicts
            blocks_left_out += 1
    return "".join(kept) + _omission(left_out, blocks_left_out) + end


def _omission(verdicts: int, blocks: int) -> str:
    if not blocks:
        return ""
    told = words.plural(verdicts, "verdict") if verdicts else words.plural(blocks, "part")
    return f"\n**Truncated: {told} did not fit here.** All are in gate.html and gate.json.\n"


def _blocks(report: GateReport) -> Iterator[Block]:
    yield Block(lambda: _lead(report))
    yield from _moves(report)
    yield from _packages(report)
    yield from _blame(report)
    yield from _claims(report)
    yield from _accepted(report)
    yield from _skips(report)
    yield from _costs(report)
    groups = summary.groups(report)
    if groups:
        yield Block(lambda: "\n### Behaviours that are not same\n")
    several = len(summary.devices(report)) > 1
    for group in groups:
        yield _group(group, several)


def _lead(report: GateReport) -> str:
    baseline, candidate = (code(clip(name, 200)) for name in words.names(report))
    lines = [
        f"## {escape(clip(words.headline(report), 1000))}",
        "",
        f"baseline {baseline} → candidate {candidate}"
        + (f", tier {report.tier}" if report.tier else ""),
    ]
    if report.stack_reason:
        lines += ["", _fence(clip(clean(report.stack_reason).strip(), 4000))]
    lines += [line for note in report.notes[:20] for line in ("", f"> {_escaped(note)}")]
    if len(report.notes) > 20:
        lines += ["", f"> and {len(report.notes) - 20} more notes"]
    return "\n".join(lines) + "\n"


def _moves(report: GateReport) -> Iterator[Block]:
    moves = summary.moves(report)
    if not moves.listed:
        return
    rows = (
        (code(move.package), words.move_text(move) + (" **went back**" if move.went_back else ""))
        for move in moves.listed
    )
    title = f"\n### Moved ({len(report.moved)})\n"
    yield Block(lambda: title + _table(("package", "version"), rows))
    if moves.folded:
        names = ", ".join(code(move.package) for move in moves.folded)
        yield Block(lambda: f"\nand {len(moves.folded)} more that came along: {names}\n")


def _packages(report: GateReport) -> Iterator[Block]:
    notable = acceptances.packages(report)
    if notable:
        yield Block(lambda: "\n### Packages\n\n" + "".join(map(_package, notable[:50])))


def _claims(report: GateReport) -> Iterator[Block]:
    if not report.claims:
        return
    rows = (
        (code(row.id), change_text(change), row.documented, observed_text(change.baseline),
         row.observed)
        for change in report.claims[:CLAIMS]
        for row in [claim_row(change.candidate)]
    )  # fmt: skip
    title = f"\n### Claims of documents ({len(report.claims)})\n"
    header = ("claim", "verdict", "documented", "baseline", "candidate")
    yield Block(lambda: title + _table(header, (tuple(map(_cell, row)) for row in rows)))
    if len(report.claims) > CLAIMS:
        yield Block(lambda: f"\nand {len(report.claims) - CLAIMS} more claims, in gate.json\n")


def _accepted(report: GateReport) -> Iterator[Block]:
    for section in acceptances.sections(report):
        told = [_entry(row) for row in section.rows]
        told += [section.told] if section.told else []
        title = f"### {section.title} ({len(section.rows)})"
        yield Block(partial(str, f"\n{title}\n\n" + "".join(f"- {line}\n" for line in told)))


def _entry(row: acceptances.EntryRow) -> str:
    told = f"{code(row.id)} **{escape(row.standing)}**: {_escaped(row.terms)}"
    return f"{told} (next: {escape(row.next)})" if row.next else told


def _cell(text: str) -> str:
    return text if text.startswith("`") else _escaped(clip(text, 160))


def _package(package: PackageVerdict) -> str:
    reason = f": {_escaped(package.reason)}" if package.reason else ""
    return f"- {code(package.package)} **{escape(package.verdict)}**{reason}\n"


def _blame(report: GateReport) -> Iterator[Block]:
    if report.blame is not None:
        yield Block(lambda: "\n### What brought the changes\n")
        shown = blame_rows(report, report.blame)
        yield from (Block(partial(str, part)) for part in blame.parts(shown))
        for change in report.blame.located:
            yield Block(partial(located.to_markdown, change, 4))


def _costs(report: GateReport) -> Iterator[Block]:
    if report.bench is not None:
        yield Block(lambda: "\n### Costs\n")
        yield from (Block(partial(str, part)) for part in bench.parts(report.bench))


def _skips(report: GateReport) -> Iterator[Block]:
    if report.skipped:
        shown = summary.skips(report)[:20]
        lines = [f"- {skip.count:,}: {_escaped(skip.reason)}" for skip in shown]
        if len(report.skipped) > len(shown):
            lines.append(f"- and {len(report.skipped) - len(shown)} more reasons")
        total = sum(skip.count for skip in report.skipped)
        title = f"<details><summary>Skipped ({total:,})</summary>"
        yield Block(lambda: f"\n{title}\n\n" + "\n".join(lines) + "\n\n</details>\n")


def _group(group: summary.Group, several: bool) -> Block:
    def text() -> str:
        return f"\n#### {code(group.behaviour)}\n" + "".join(
            _fold(fold, several) for fold in group.folds
        )

    return Block(text, sum(len(fold.results) for fold in group.folds))


def _fold(fold: summary.Fold, several: bool) -> str:
    cells = _escaped(words.cells_text(fold.cells, several))
    lines = ["", f"**{fold.verdict.value}** in {cells}"]
    if fold.accepted:
        lines += ["", _escaped(acceptances.terms(fold.accepted))]
    for reason in fold.reasons[:2]:
        lines += ["", _fence(clip(clean(reason).strip(), _TEXT))]
    entries = summary.differing(fold.shown)
    if entries:
        lines += ["", _table(words.COLUMNS, map(_row, entries[:_ROWS])).strip("\n")]
    if len(entries) > _ROWS:
        lines += ["", f"and {words.plural(len(entries) - _ROWS, 'more observation')}"]
    if entries and (told := words.representative(fold)):
        lines += ["", f"<sub>{escape(told)}</sub>"]
    if again := words.again(fold.shown):
        lines += ["", _fence("\n".join(clip(command, 2000) for command in again), "sh")]
    return "\n".join(lines) + "\n"


def _row(entry: ObservationVerdict) -> tuple[str, ...]:
    cut = sides(entry.baseline, entry.candidate, _WIDTH)
    name = clip(one_line(entry.name) + cut.at, 200)
    return code(name), code(str(cut.baseline)), code(str(cut.candidate)), escape(words.size(entry))


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def escape(text: str) -> str:
    """`text` on one line with nothing in it that Markdown or HTML would read."""
    return _MARKUP.sub(lambda match: f"&#{ord(match[0])};", one_line(text))


def _escaped(text: str) -> str:
    return escape(clip(one_line(text), _TEXT))


def code(text: str) -> str:
    """`text` as inline code; by entities where backticks or a table would cut it."""
    line = one_line(text)
    if re.search(r"[`|\\]", line) or not line:
        return f"<code>{escape(line)}</code>"
    return f"`{line}`"


def _fence(text: str, language: str = "text") -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
