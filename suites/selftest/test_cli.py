"""The command line: every wrong use is one clear error and the right exit code."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from harness import cli
from harness.commands import compare as compare_command


def gate(*arguments: str) -> list[str]:
    return ["gate", "--candidate", "reference", *arguments]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["gate"],
        gate("--nonsense"),
        gate("--parallel", "0"),
        gate("--threads", "100000"),
        ["bench", "--threads", "100000"],
        gate("--cell-timeout", "soon"),
        gate("--memory-limit", "much"),
        gate("--confirm", "-1"),
        gate("--candidate", "other"),
        gate("--json", ""),
        ["compare", "one"],
    ],
)
def test_what_argparse_refuses_exits_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (gate("--fail-on", "wrong"), "'wrong' is no verdict"),
        (gate("--precision", "float8"), "unknown precision 'float8'"),
        (gate("--precision", "fp16"), "next:    --precision float16"),
        (gate("--precision", ""), "--precision is empty"),
        (gate("--device", "tpu"), "unknown device 'tpu'"),
        (gate("--device", "cuda0"), "next:    --device cuda:0"),
        (gate("--device", " , "), "--device is empty"),
        (gate("--select", ""), "--select is empty"),
        (gate("--select", "tokenizers", "--select", ""), "--select is empty"),
        (gate("--fail-on", ""), "no verdict"),
        (gate("--fail-on", "change"), "next:    --fail-on changed"),
        (gate("--torch-backend", "cup"), "next:    --torch-backend cpu"),
        (["stacks", "show", "reference", "--torch-backend", "cu999"], "allowed: auto, cpu, cu"),
        (gate("--device", "mps", "--precision", "nf4"), "no kernels for mps"),
        (gate("--subject", "nobody"), "unknown subject 'nobody'"),
        (gate("--subject", "mine="), "subject 'mine' has no path"),
        (gate("--subject", ""), "--subject without a name"),
        (gate("--subjects-file", "missing.toml"), "missing.toml"),
        (["compare", "missing.jsonl", "missing.jsonl"], "cannot be read"),
        (["gate", "--candidate", "nothing-known"], "nothing-known"),
    ],
)
def test_what_makes_no_sense_is_one_clear_error(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("number", [1, 256, 4 * (os.cpu_count() or 1)])
def test_as_many_threads_as_a_server_has_can_be_asked_for_anywhere(number: int) -> None:
    assert cli.parser().parse_args(gate("--threads", str(number))).threads == number


def test_too_many_threads_are_answered_with_how_many_there_may_be(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        cli.main(gate("--threads", "100000"))
    assert "'100000' is no number of threads from 1 to " in capsys.readouterr().err


def test_a_full_disk_is_inconclusive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(compare_command, "read_record", full)
    assert cli.main(["compare", "a", "b"]) == 4
    assert "no space left" in capsys.readouterr().err


def test_an_interrupt_exits_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(compare_command, "read_record", interrupt)
    assert cli.main(["compare", "a", "b"]) == 130


def test_an_argument_that_is_missing_is_told_with_what_to_type(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["bisect", "torch"])
    assert caught.value.code == 2
    shown = capsys.readouterr().err
    assert "the following arguments are required: --behaviour\n" in shown
    assert shown.endswith("  next:    harness bisect --help\n")


def test_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("harness ")
