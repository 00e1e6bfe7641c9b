"""Run records: written line by line, read back whole, readable up to the last whole line."""

from __future__ import annotations

import pytest

from harness.vocabulary.errors import RecordError
from harness.vocabulary.observations import Axes, Noise, Observation
from harness.vocabulary.records import (
    Header,
    Outcome,
    end_line,
    header_line,
    import_line,
    observation_line,
    outcome_line,
    parse,
    start_line,
)

HEADER = Header({"torch": "2.13.0"}, {"cores": "2"}, {"threads": "1"}, {"mine": "abc"})
SEEN = Observation("ids", "exact", [1, 2], noise=None)
NUMBER = Observation("loss", "numeric", 1.5, "nats", Noise(1e-6, "bound float32"))
DRAWN = Observation("scores", "numeric", [[0.5]], axes=Axes("layer", "head", ("a",), (), 1.0))
OUTCOME = Outcome("t.py::test_a", "mine-float32-cpu", "held", "", ("c",), (SEEN, NUMBER, DRAWN))


def whole() -> str:
    return "".join(
        [
            header_line(HEADER),
            import_line("torch", ""),
            import_line("sae-lens", "ImportError: no"),
            start_line("t.py::test_a", "mine-float32-cpu"),
            observation_line("t.py::test_a", "mine-float32-cpu", SEEN),
            observation_line("t.py::test_a", "mine-float32-cpu", NUMBER),
            observation_line("t.py::test_a", "mine-float32-cpu", DRAWN),
            outcome_line(OUTCOME),
            end_line(1),
        ]
    )


def test_a_record_is_read_back_as_it_was_written() -> None:
    record = parse(whole(), "here")
    assert record.outcomes == (OUTCOME,)
    assert record.complete
    assert record.interrupted_in is None
    assert record.header.versions == {"torch": "2.13.0"}
    assert record.header.imports == {"torch": "", "sae-lens": "ImportError: no"}


def test_a_record_cut_at_any_byte_is_read_or_refused_but_never_misread() -> None:
    text = whole()
    first = len(header_line(HEADER))
    for cut in range(len(text)):
        if cut < first - 1:
            with pytest.raises(RecordError):
                parse(text[:cut], "here")
        else:
            record = parse(text[:cut], "here")
            assert record.outcomes in ((), (OUTCOME,))


def test_the_behaviour_running_when_the_process_died_is_named() -> None:
    text = header_line(HEADER) + start_line("t.py::test_a", "c")
    record = parse(text, "here")
    assert record.interrupted_in == ("t.py::test_a", "c")
    assert not record.complete


def test_a_damaged_line_in_the_middle_is_refused_with_its_number() -> None:
    lines = whole().split("\n")
    lines[3] = lines[3][:10]
    with pytest.raises(RecordError, match="line 4 of the run record is damaged"):
        parse("\n".join(lines), "here")


@pytest.mark.parametrize("text", ["", "\n", "hello\n", "[]\n", '{"type":"start"}\n'])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(RecordError):
        parse(text, "here")


def test_a_record_of_another_format_is_refused() -> None:
    text = whole().replace('"format":1', '"format":99')
    with pytest.raises(RecordError, match="format 99"):
        parse(text, "here")


def test_a_behaviour_that_ran_twice_counts_as_it_ended_last() -> None:
    again = outcome_line(OUTCOME).replace('"held"', '"failed"')
    text = whole().replace(end_line(1), start_line("t.py::test_a", "mine-float32-cpu") + again)
    assert [outcome.status for outcome in parse(text, "here").outcomes] == ["failed"]
