"""`harness stacks` on an index of tiny wheels: list, show, build, prune."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest
from stack_helpers import command, make_home

from harness import cli, stacks
from harness.stacks.environments import Environment, shelf
from harness.vocabulary.stacks import Lock


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_home(tmp_path, monkeypatch)


def build(home: Path, stack: str) -> Path:
    """Build a stack and let go of it; the python of its environment."""
    code, answer = command(home, "build", stack)
    assert code == 0
    python = Path(answer["python"])
    stacks.release(Environment(python, Lock(stack, tuple(answer["pins"].items()))))
    return python


def test_list_has_the_stacks_by_name_and_the_environments_kept(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(home, "list") == (0, {"stacks": ["reference"], "environments": [], "wheels": []})
    python = build(home, "reference")
    capsys.readouterr()
    _, answer = command(home, "list")
    (kept,) = answer["environments"]
    assert (kept["directory"], kept["stacks"], kept["packages"]) == (
        str(python.parents[1]), ["reference"], 3,
    )  # fmt: skip
    assert python.parents[1].name in capsys.readouterr().out


def test_show_says_what_moves_and_what_goes_back(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer = command(home, "show", "alpha==2.0")
    assert (code, answer["stack"]) == (0, "alpha==2.0")
    assert answer["pins"] == {"alpha": "2.0", "beta": "0.9", "gamma": "1.0"}
    assert answer["moved"] == [
        {"package": "alpha", "from": "1.0", "to": "2.0", "went_back": False},
        {"package": "beta", "from": "1.0", "to": "0.9", "went_back": True},
    ]
    shown = capsys.readouterr().out
    assert "3 packages; 2 move against the reference" in shown
    assert "1.0 -> 0.9  (goes back)" in shown
    assert list(shelf().glob("*")) == [], "showing builds nothing"


def test_build_prints_a_python_that_has_the_stack(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = build(home, "gamma==2.0")
    assert str(python) in capsys.readouterr().out.splitlines()
    code = "import gamma; print(gamma.__version__)"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2.0"


def test_prune_keeps_the_last_used(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build(home, "reference")
    last = build(home, "gamma==2.0")
    code, answer = command(home, "prune", "--keep", "1")
    assert code == 0
    assert [kept["stacks"] for kept in answer["removed"]] == [["reference"]]
    assert [kept["directory"] for kept in answer["left"]] == [str(last.parents[1])]
    assert "1 removed, 1 left" in capsys.readouterr().out
    assert command(home, "prune", "--older-than", "0")[1]["left"] == []


@pytest.mark.parametrize("age", ["nan", "inf", "-1", "soon"])
def test_prune_refuses_an_age_that_is_none(home: Path, age: str) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["stacks", "prune", f"--older-than={age}"])
    assert caught.value.code == 2


def test_prune_refuses_a_negative_number_to_keep_and_no_choice_at_all(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["stacks", "prune", "--keep=-1"])
    assert caught.value.code == 2
    assert cli.main(["stacks", "prune"]) == 2
    assert "next:    harness stacks prune --older-than 7" in capsys.readouterr().err


def test_nothing_is_removed_where_the_result_cannot_be_written(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(home, "reference")
    assert cli.main(["stacks", "prune", "--all", "--json", str(home)]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert len(stacks.list_environments()) == 1


@pytest.mark.parametrize(
    ("stack", "code", "said"),
    [
        ("referense", 2, "next:    reference"),
        ("gamma=2.0", 2, 'next:    "gamma==2.0"'),
        ("gamma==9.0", 3, "gamma==9.0"),
        ("alpha==2.0 beta==1.0", 3, "beta"),
    ],
)
def test_a_stack_that_cannot_be_is_one_clear_error(
    home: Path, stack: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(home, "build", stack) == (code, {})
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown


def unheard_port() -> int:
    """A port of this machine at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        return int(taken.getsockname()[1])


def test_an_index_out_of_reach_is_no_evidence_of_the_stack(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://localhost:{unheard_port()}/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    assert command(home, "build", "gamma==2.0")[0] == 4
    assert "the package index does not answer" in capsys.readouterr().err
