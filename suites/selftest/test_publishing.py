"""Telling a result where disk, pipe or folder refuse it: the exit code still is the gate's."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from report_world import all_same, of_every_verdict

from harness import stacks, subjects
from harness.commands import asked
from harness.commands import subjects as subjects_command
from harness.commands.publishing import publish
from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.reproducers import Reproducer
from harness.vocabulary.subjects import Subject

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="/dev/full is Linux's")


@needs_full
def test_a_change_is_told_though_the_disk_is_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert publish(of_every_verdict(), None, FULL) == 1
    shown = capsys.readouterr()
    assert "Behaviours that are not same" in shown.out
    assert "no space left for the report" in shown.err
    assert f"where:   {FULL}" in shown.err


@needs_full
def test_no_change_that_could_not_be_written_is_inconclusive(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert publish(all_same(3), None, FULL) == 4
    assert "Nothing changed" in capsys.readouterr().out


def test_one_file_that_cannot_be_written_costs_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gate.html").mkdir()
    assert publish(of_every_verdict(), tmp_path, tmp_path / "again.json") == 1
    assert f"where:   {tmp_path / 'gate.html'}\n" in capsys.readouterr().err
    written = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert written == {"gate.json", "gate.md", "gate.xml", "again.json"}


def test_where_a_script_cannot_be_written_no_list_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tuple(Reproducer(f"a.py::test_{nth}", "cell", f"{nth}.py", "text") for nth in range(2))
    report = replace(of_every_verdict(), reproducers=made)
    (tmp_path / "0.py").mkdir()
    (tmp_path / "README.md").write_text("# 2 scripts, of another time\n")
    assert publish(report, None, None, tmp_path) == 1
    said = capsys.readouterr().err
    assert f"where:   {tmp_path / '0.py'}\n" in said
    assert "harness: the scripts cannot be written: " in said
    assert "next:    --reproduce somewhere" in said
    assert {path.name for path in tmp_path.iterdir()} == {"0.py", "1.py"}


TELL = """
import sys
sys.path[:0] = {path!r}
from harness.commands.publishing import publish
from report_world import of_every_verdict
sys.exit(publish(of_every_verdict(), None, None))
"""


@needs_full
@pytest.mark.parametrize("output", ["a reader that left", "a full disk"])
def test_a_change_exits_1_whatever_reads_its_report(output: str) -> None:
    root = Path(stacks.__file__).parents[2]
    code = TELL.format(path=[str(root), str(Path(__file__).parent)])
    command = [sys.executable, "-c", code]
    if output == "a full disk":
        with FULL.open("w") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
        assert "cannot be printed" in done.stderr
    else:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        done = subprocess.CompletedProcess(command, process.wait(60), "", process.stderr.read())
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr


def test_what_its_reader_left_is_written_all_the_same(tmp_path: Path) -> None:
    """`harness gate … | head`: nothing changed, and that is what the exit code says."""
    root = Path(stacks.__file__).parents[2]
    code = TELL.format(path=[str(root), str(Path(__file__).parent)])
    code = code.replace("of_every_verdict", "all_same").replace("all_same()", "all_same(3)")
    code = code.replace("None, None)", f"None, Path({str(tmp_path / 'gate.json')!r}))")
    process = subprocess.Popen(
        [sys.executable, "-c", f"from pathlib import Path{code}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(60) == 0, process.stderr.read()
    assert (tmp_path / "gate.json").is_file()


WITHOUT_READER = {
    "progress": "from harness.running.progress import ProgressConsole\n"
    "console = ProgressConsole()\n"
    "for number in range(3): console.print(number)\n",
    "an error": "from harness.commands.publishing import say\nsay('no')\nsay('again')\n",
}


@pytest.mark.parametrize("told", WITHOUT_READER)
def test_nobody_reading_standard_error_changes_no_exit_code(told: str) -> None:
    code = f"import sys\n{WITHOUT_READER[told]}sys.exit(5)"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    assert process.stderr is not None
    process.stderr.close()
    assert process.wait(60) == 5


def subject(name: str) -> Subject:
    return Subject(name, "unigram", "bundled", "sentencepiece", frozenset({"tokenizer"}))


@pytest.mark.parametrize("named", [True, False])
def test_a_full_disk_leaves_no_subject_out_unsaid(
    named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> subjects.Prepared:
        raise NoEvidence("no space left for the subject's files; nothing was kept")

    monkeypatch.setattr(subjects, "prepare", full)
    with pytest.raises(NoEvidence, match="no space left"):
        asked.prepare((subject("words"),), named, print)


def test_a_default_subject_out_of_reach_is_left_out_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable(*_: object) -> subjects.Prepared:
        raise NoEvidence("out of reach (no network)")

    monkeypatch.setattr(subjects, "prepare", unreachable)
    said: list[str] = []
    assert asked.prepare((subject("words"),), False, said.append) == {}
    assert said == ["without words: out of reach (no network)"]


@pytest.mark.parametrize("error", [stacks.NoSpace, stacks.IndexUnreachable])
def test_a_conversion_stack_without_disk_or_network_is_no_evidence(
    error: type[stacks.NoSpace], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> stacks.Environment:
        raise error("no space left on the disk", next="free some")

    monkeypatch.setattr(stacks, "resolve_stack", fail)
    with pytest.raises(NoEvidence) as caught:
        subjects_command.conversion_python()
    assert (caught.value.exit_code, caught.value.next) == (4, "free some")
