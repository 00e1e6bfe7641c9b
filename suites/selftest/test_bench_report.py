"""A benchmark's report: terminal, Markdown, JSON, CSV, pytest-benchmark, trials."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import bench_report_world as world
import pytest
from pytest_benchmark.stats import Stats
from rich.console import Console

from harness.bench.decide import compared, decide
from harness.report import numbers
from harness.report.bench import benchmarkform, csvform, jsonform, markdown, rows, terminal, trials
from harness.report.bench.html import to_html
from harness.report.bench.overview import overview
from harness.vocabulary.costs import ROLES, BenchReport, CostVerdict, Interval, Sample

WHEN = datetime(2026, 1, 2, tzinfo=UTC)
REPORTS = [world.slower(), world.varied(), world.trials(), world.of_foreign_text()]
EMPTY = BenchReport((), {}, {}, exit_code=4)


def printed(report: BenchReport, width: int = 0) -> str:
    """What a terminal of `width` shows, or with 0 a file gets."""
    text = io.StringIO()
    terminal.render(
        report,
        Console(file=text, force_terminal=bool(width), width=width or 80, color_system=None),
    )
    return text.getvalue()


def line(text: str, start: str) -> str:
    return next(each for each in text.splitlines() if each.strip().startswith(start))


def test_json_has_all_of_a_report_by_its_fields() -> None:
    data = json.loads(jsonform.text(world.slower()))
    assert (data["kind"], data["format"], data["exit_code"]) == ("harness bench", 1, 1)
    assert data["machine"]["memory"] == "24 GiB"
    assert data["limits"]["float32"][0] == {"kind": "read", "type": "float32", "rate": 23.4e9}
    (comparison,) = data["comparisons"]
    assert comparison["candidate"] == {
        "name": "bfloat16", "stack": "reference", "subject": "smollm2-135m-instruct",
        "precision": "bfloat16", "device": "cpu", "attention": "", "plant": "",
    }  # fmt: skip
    assert [each["arm"] for each in comparison["missed"]] == ["float32", "bfloat16"]
    first = comparison["compared"][0]
    assert first["quantity"] == {
        "id": "model/decode@256x1", "unit": "s", "work": "token", "amount": 1.0,
        "repeats": True, "least": 0.0,
    }  # fmt: skip
    assert (first["baseline"], first["candidate"]) == (0.012, 0.0132)
    assert first["decision"]["verdict"] == "slower"
    assert first["decision"]["control"] == {"ratio": 1.001, "low": 0.992, "high": 1.01}
    assert first["bounds"]["candidate"]["seconds"] == 0.006
    assert len(first["samples"]) == 30, "two generations of five rounds, three arms in each"
    assert (first["samples"][1]["role"], first["samples"][1]["calls"]) == ("candidate", 12)


@pytest.mark.parametrize("report", [*REPORTS, EMPTY])
def test_json_has_every_comparison_and_every_sample(report: BenchReport) -> None:
    data = json.loads(jsonform.text(report))
    values = [
        [sample["value"] for each in one["compared"] for sample in each["samples"]]
        for one in data["comparisons"]
    ]
    assert values == [
        [sample.value for each in one.compared for sample in each.samples]
        for one in report.comparisons
    ]


def test_json_holds_numbers_that_json_has_no_word_for() -> None:
    (comparison,) = world.slower().comparisons
    first = comparison.compared[0]
    decision = replace(first.decision, change=Interval(math.inf, -math.inf, 1.0))
    told = replace(comparison, compared=(replace(first, decision=decision),))
    data = json.loads(jsonform.text(replace(world.slower(), comparisons=(told,))))
    change = data["comparisons"][0]["compared"][0]["decision"]["change"]
    assert change == {"ratio": "Infinity", "low": "-Infinity", "high": 1.0}


def test_csv_has_a_row_for_every_sample() -> None:
    report = world.varied()
    samples = [s for c in report.comparisons for each in c.compared for s in each.samples]
    found = list(csv.DictReader(io.StringIO(csvform.to_csv(report))))
    assert [float(row["value"]) for row in found] == [sample.value for sample in samples]
    assert {(row["comparison"], row["candidate"]) for row in found} == {
        ("1", "bfloat16"), ("2", "nf4")
    }  # fmt: skip


def test_pytest_benchmark_compares_the_file(tmp_path: Path) -> None:
    file = tmp_path / "bench.benchmark.json"
    file.write_text(benchmarkform.text(world.varied(), WHEN), encoding="utf-8")
    command = [sys.executable, "-m", "pytest_benchmark", "compare", str(file)]
    found = subprocess.run(
        [*command, f"--csv={tmp_path / 'table'}", "--columns=median,rounds"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "benchmark 'model/decode@256x1': 6 tests" in found.stdout
    table = csv.DictReader(io.StringIO((tmp_path / "table.csv").read_text(encoding="utf-8")))
    medians = {row["name"]: float(row["median"]) for row in table}
    assert medians["harness bench::model/decode@1024x1[nf4]"] == pytest.approx(0.021, rel=0.01)


def test_the_statistics_are_those_of_pytest_benchmark() -> None:
    values = [0.012, 0.011, 0.013, 0.0125, 0.0119, 0.05, 0.0121, 0.0118]
    theirs = Stats()
    for value in values:
        theirs.update(value)
    ours = benchmarkform.stats(values, 3)
    assert ours.keys() == theirs.as_dict().keys() | {"data", "iterations"}
    of_quartiles = {"q1", "q3", "iqr", "ld15iqr", "hd15iqr"}
    for field in theirs.as_dict().keys() - of_quartiles - {"outliers"}:
        assert ours[field] == pytest.approx(getattr(theirs, field)), field
    assert ours["outliers"] == theirs.outliers


def test_one_sample_has_statistics() -> None:
    found = benchmarkform.stats([2.0], 1)
    assert (found["median"], found["stddev"], found["iqr"], found["rounds"]) == (2.0, 0.0, 0.0, 1)


def test_pytest_benchmark_is_told_of_seconds_alone_and_of_each_arm_once() -> None:
    found = benchmarkform.to_benchmarks(world.slower(), WHEN)["benchmarks"]
    names = [each["name"] for each in found]
    assert "model/decode@256x1[float32 control]" in names
    assert not [name for name in names if name.startswith("memory")]
    varied = benchmarkform.to_benchmarks(world.varied(), WHEN)["benchmarks"]
    assert len({each["fullname"] for each in varied}) == len(varied)


def test_a_row_has_ratio_interval_share_and_rate() -> None:
    text = printed(world.slower())
    decode = line(text, "decode@256x1")
    # 6 ms of 12 ms, and of 13.2 ms; one token in 12 ms is 83.33 a second.
    for told in ("12.00 ms", "13.20 ms", "1.100", "1.089 to 1.111", "50 % → 45 % of read"):
        assert told in decode
    assert decode.endswith("slower   83.33 → 75.76 tokens/s")
    # 1,000,000 bytes in 12.5 s, and in 0.125 s.
    assert "0.08000 → 8.000 MB/s" in line(text, "encode.repeated")
    assert "512.0 MiB  768.0 MiB" in line(text, "peak.load")


def test_a_narrow_terminal_shows_fewer_columns_and_says_so() -> None:
    narrow, wide = printed(world.slower(), 80), printed(world.slower(), 200)
    assert "no room here for: control, cpu, rate, of the limit" in narrow
    assert max(len(each) for each in narrow.splitlines() if "decode@" in each) <= 80
    assert line(narrow, "decode@256x1").split()[-1] == "slower"
    assert "no room" not in wide
    assert line(printed(world.slower()), "decode@256x1") == line(wide, "decode@256x1")


def test_what_was_not_measured_is_told_once_a_reason() -> None:
    told = [each for each in printed(world.slower()).splitlines() if "not measured" in each]
    reason = "the page cache cannot be dropped"
    assert [each.split() for each in told] == [
        f"not measured load of float32, bfloat16: {reason}".split()
    ]


def test_the_same_that_has_a_reason_tells_it_in_every_form() -> None:
    """20 µs count as nothing: 30 % of a call of 10 µs is the same, with a wide interval."""
    quantity = replace(world.DECODE, least=2e-5)
    samples = [
        Sample(quantity.id, role, g, r, place, 1.3e-5 if role == "candidate" else 1e-5)
        for g in range(3)
        for r in range(6)
        for place, role in enumerate(ROLES)
    ]
    little = compared(quantity, samples, decide(quantity, samples, finished=True))
    report = world.report(world.comparison(little))
    assert line(printed(report), "decode@256x1").split().count("same") == 1
    for form in (printed, markdown.to_markdown, to_html):
        assert "but less than 20 µs to either side" in form(report)
        assert "to either side" not in form(world.report(world.comparison()))


def test_the_headline_counts_the_verdicts_and_a_report_of_nothing_says_so() -> None:
    told = "1 slower, 1 faster, 1 heavier, 1 same of 4 verdicts; 1 min 2 s (exit 1)"
    assert rows.headline(world.slower()) == told
    assert printed(EMPTY).strip() == "Nothing was measured; 0.0 s (exit 4)"


def test_arms_are_told_apart_by_what_differs() -> None:
    told = rows.arms(world.FLOAT32, replace(world.NF4, plant="decode=1.10"))
    assert told == (
        "stack reference, smollm2-135m-instruct, precision float32 → nf4, cpu, "
        "plant none → decode=1.10"
    )
    (pair,) = rows.pairs(world.slower())
    assert rows.moves(world.slower(), pair) == ("transformers 5.16.1 → 5.17.0",)


def test_several_candidates_stand_side_by_side() -> None:
    found = overview(rows.pairs(world.varied()))
    assert found is not None
    assert found.columns[1:] == (
        "load/seconds", "model/first-token@128x1", "model/decode@256x1", "memory/footprint",
        "memory/peak.load",
    )  # fmt: skip
    assert [name for name, _ in found.lines] == ["float32", "bfloat16", "nf4"]
    cells = dict(found.lines)["nf4"]
    assert cells[2][0] == "15.40 ms"
    assert cells[2][1].endswith("slower")


def test_a_baseline_stands_beside_with_what_any_of_its_pairs_measured() -> None:
    first, *others = world.varied().comparisons
    lacking = replace(
        first, compared=tuple(each for each in first.compared if each.quantity != world.DECODE)
    )
    found = overview(rows.pairs(replace(world.varied(), comparisons=(lacking, *others))))
    assert found is not None
    place = found.columns.index(world.DECODE.id) - 1
    cells = {name: texts[place] for name, texts in found.lines}
    assert cells["bfloat16"] == ("not measured",)
    assert cells["float32"][0].endswith(" ms")


def test_one_pair_is_not_shown_side_by_side() -> None:
    assert overview(rows.pairs(world.slower())) is None


def test_trials_are_counted_by_quantity() -> None:
    (pair,) = rows.pairs(world.trials())
    found = trials.table(pair)
    at = trials.COLUMNS.index
    decode, peak, every = found.lines
    assert (decode[at("trials")], decode[at("slower")], decode[at("same")]) == ("10", "1", "9")
    assert (peak[at("same")], peak[at("inconclusive")]) == ("8", "2")
    assert (every[at("trials")], every[at("same")], every[at("inconclusive")]) == ("20", "17", "2")
    # Ratios of 1.000 to 1.009: the median of ten lies between the fifth and the sixth.
    assert [cell[:5] for cell in decode[at("median") :]] == ["1.004", "1.000", "1.009"]
    assert found.told == "10 trials; 20 verdicts, 2 inconclusive (10.0 %)"
    assert "10 trials; 20 verdicts" in printed(world.trials())


def test_trials_in_which_nothing_was_measured_are_counted() -> None:
    (pair,) = rows.pairs(world.trials())
    empty = replace(pair.trials[0], compared=())
    found = trials.table(replace(pair, trials=(empty, *pair.trials)))
    assert found.told.startswith("11 trials, 1 in which nothing was measured; 20 verdicts")


def test_markdown_tables_keep_their_columns_whatever_the_texts_hold() -> None:
    for report in REPORTS:
        text = markdown.to_markdown(report)
        assert "<script" not in text
        width = 0
        for each in text.splitlines():
            if not each.startswith("|"):
                width = 0
                continue
            cells = each.replace("\\|", "").count("|")
            width = width or cells
            assert cells == width, each


def test_foreign_text_cannot_steer_a_terminal() -> None:
    text = printed(world.of_foreign_text())
    assert "\x1b" not in text
    assert world.SCRIPT in text


@pytest.mark.parametrize("verdict", CostVerdict)
def test_every_verdict_has_a_meaning_and_a_tone(verdict: CostVerdict) -> None:
    assert rows.MEANING[verdict]
    assert verdict in rows.TONES


@pytest.mark.parametrize(
    ("values", "unit", "told"),
    [
        ((0.0123456, 1.5), "seconds", ("0.01235 s", "1.500 s")),
        ((4.2e-7,), "seconds", ("420.0 ns",)),
        ((1536 * 2**20,), "bytes", ("1.500 GiB",)),
        ((23.4e9, 1e9), "B/s", ("23.40 GB/s", "1.000 GB/s")),
        ((0.0,), "bytes", ("0 B",)),
        ((math.nan,), "seconds", ("NaN s",)),
    ],
)
def test_measurements_have_four_digits_in_one_unit(
    values: tuple[float, ...], unit: str, told: tuple[str, ...]
) -> None:
    assert numbers.measured(values, unit) == told
