"""`harness gate --bench` in a miniature world: real stacks, cells and workers, tiny libraries."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import psutil
import pytest
from miniature import Answer, Miniature, modules
from wheels import make_wheel

NNSIGHT = """
import time
end = time.process_time() + {seconds}
while time.process_time() < end:
    pass
"""
SUITE = """
from harness.plugin import requires

@requires("nnsight")
def test_imports():
    import nnsight
"""


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    """Release 2.0 of a library takes eight times as long to import; that of another fails."""
    mini = make_miniature()
    for version, seconds in (("1.0", 0.1), ("2.0", 0.8)):
        source = NNSIGHT.format(seconds=seconds)
        make_wheel(mini.wheelhouse, "nnsight", version, modules=modules("nnsight", source))
    make_wheel(mini.wheelhouse, "accelerate", "1.0")
    broken = modules("accelerate", "raise OSError('not here')")
    make_wheel(mini.wheelhouse, "accelerate", "2.0", modules=broken)
    make_wheel(mini.wheelhouse, "zstd", "1.0")
    make_wheel(mini.wheelhouse, "zstd", "2.0")
    mini.stack("reference", "nnsight==1.0", "accelerate==1.0", "zstd==1.0")
    mini.suite("hooks/test_hooks.py", SUITE)
    mini.count_starts()
    return mini


def costs(answer: Answer) -> dict[str, str]:
    return {
        each["quantity"]["id"]: each["decision"]["verdict"]
        for comparison in answer.report["bench"]["comparisons"]
        for each in comparison["compared"]
    }


def bench(world: Miniature, candidate: str, *arguments: str) -> Answer:
    return world.gate("--candidate", candidate, "--bench", "--bench-budget", "5", *arguments)


def test_a_slower_import_fails_the_gate_and_stands_in_every_form(
    world: Miniature, tmp_path: Path
) -> None:
    answer = bench(world, "nnsight==2.0", "--report", str(tmp_path))
    assert answer.code == 1, answer.out + answer.err
    assert answer.verdicts() == {"test_imports": "same"}
    assert costs(answer) == {"import.nnsight/seconds": "slower"}
    assert "1 slower of 2 verdicts (exit 1" in answer.out.splitlines()[0]
    command = (
        "harness bench --baseline reference --candidate nnsight==2.0 --task import.nnsight "
        "--quantity import.nnsight/seconds"
    )
    assert f"  $ {command}" in answer.out.splitlines()
    assert json.loads((tmp_path / "gate.json").read_text()) == answer.report
    for form in ("gate.html", "gate.md", "gate.xml"):
        assert command in (tmp_path / form).read_text()
    (failed,) = ElementTree.parse(tmp_path / "gate.xml").iter("failure")
    assert failed.get("type") == "slower"


def test_the_command_of_a_report_finds_it_again(world: Miniature) -> None:
    asked = ["--task", "import.nnsight", "--quantity", "import.nnsight/seconds"]
    answer = world.run("bench", "--candidate", "nnsight==2.0", "--budget", "5", *asked)
    assert answer.code == 1, answer.out + answer.err


ACCEPTED = """
[slow]
quantity = "import.nnsight/*"
verdict = "{verdict}"
until = "nnsight<3"
reason = "meant so"
owner = "ann"
"""


@pytest.mark.parametrize(("verdict", "code"), [("slower", 0), ("heavier", 1)])
def test_a_slower_import_that_is_accepted_does_not_fail_the_gate(
    world: Miniature, tmp_path: Path, verdict: str, code: int
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(ACCEPTED.format(verdict=verdict))
    answer = bench(world, "nnsight==2.0", "--accepted", str(own))
    assert (answer.code, costs(answer)) == (code, {"import.nnsight/seconds": "slower"}), answer.out
    assert ("accepted as [slow]" in answer.out) is (code == 0)
    assert ("matches nothing: none is heavier of 1 slower" in answer.out) is (code == 1)


LOST = ("accelerate==2.0", "--bench-task", "import.nnsight", "--bench-task", "import.accelerate")


def test_what_only_the_candidate_cannot_do_fails_the_gate_as_it_fails_a_benchmark(
    world: Miniature,
) -> None:
    answer = bench(world, *LOST)
    assert answer.code == 1, answer.out + answer.err
    assert set(costs(answer)) == {"import.nnsight/seconds"}
    assert answer.out.startswith("only the candidate cannot do import.accelerate; ")
    assert bench(world, *LOST, "--fail-on", "changed").code == 0
    asked = ["--budget", "5", "--task", "import.nnsight,import.accelerate"]
    assert world.run("bench", "--candidate", "accelerate==2.0", *asked).code == 1


def test_what_only_the_candidate_cannot_do_can_be_accepted(
    world: Miniature, tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    text = ACCEPTED.format(verdict="gone").replace("import.nnsight", "import.accelerate")
    own.write_text(text.replace("nnsight<3", "accelerate<3"))
    answer = bench(world, *LOST, "--accepted", str(own))
    assert answer.code == 0, answer.out + answer.err
    assert "accepted as [slow]" in answer.out
    assert "accepts 1 gone" in answer.out


def test_a_quantity_that_no_task_has_is_refused(world: Miniature, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(ACCEPTED.format(verdict="slower").replace("import.nnsight", "import.nnsite"))
    answer = bench(world, "nnsight==2.0", "--accepted", str(own))
    assert answer.code == 2
    assert "'import.nnsite/*' names no task and a quantity" in answer.err
    assert "[slow], quantity" in answer.err


def test_without_bench_no_cost_is_compared(world: Miniature) -> None:
    answer = world.gate("--candidate", "nnsight==2.0")
    assert answer.code == 0
    assert "bench" not in answer.report
    assert "import.nnsight" not in answer.out + answer.err


def test_nothing_that_has_a_cost_moved_and_a_note_says_so(world: Miniature) -> None:
    answer = bench(world, "zstd==2.0")
    assert answer.code == 0, answer.out + answer.err
    assert "bench" not in answer.report
    assert "note: no costs were compared" in answer.out


def test_a_task_that_is_named_is_compared_whatever_moved(world: Miniature) -> None:
    answer = bench(world, "zstd==2.0", "--bench-task", "import.nnsight")
    assert answer.code == 0, answer.out + answer.err
    assert set(costs(answer)) == {"import.nnsight/seconds"}


def test_costs_of_which_none_can_be_measured_are_no_success(world: Miniature) -> None:
    answer = bench(world, "accelerate==2.0")
    assert (answer.code, costs(answer)) == (4, {}), answer.out + answer.err
    assert "no cost could be measured (exit 4" in answer.out.splitlines()[0]
    assert "accelerate cannot be imported: OSError: not here" in answer.out


@pytest.mark.parametrize(
    ("arguments", "said", "next"),
    [
        (["--bench-budget", "5"], "--bench-budget without --bench", "--bench --bench-budget 5"),
        (["--bench-task", "load"], "--bench-task without --bench", "--bench --bench-task load"),
        (["--bench", "--bench-task", "lode"], "unknown task 'lode'", "--bench-task load"),
        (["--bench", "--bench-task", ""], "--bench-task is empty", "leave --bench-task out"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    world: Miniature, arguments: list[str], said: str, next: str
) -> None:
    answer = world.gate("--candidate", "nnsight==2.0", *arguments)
    assert answer.code == 2
    assert said in answer.err
    assert next in answer.err.partition("next:")[2]


def workers(world: Miniature) -> list[Any]:
    """The processes of this world that measure."""
    cache = str(world.cache)
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if "harness.speed" in line and cache in line:
            found.append(process)
    return found


def test_ctrl_c_while_costs_are_compared_keeps_the_cells_and_leaves_no_process(
    world: Miniature,
) -> None:
    arguments = ["gate", "--candidate", "nnsight==2.0 zstd==2.0", "--bench"]
    process = world.start(*arguments)
    limit = time.monotonic() + 60
    while not workers(world) and time.monotonic() < limit and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "2 of 2 cells are finished and kept" in err
    assert "note: interrupted, and not finished: the costs\n" in out
    assert workers(world) == []
    started = world.starts()
    assert world.gate(*arguments[1:-1]).code == 0
    assert world.starts() == started
