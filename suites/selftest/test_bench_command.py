"""`harness bench` on a miniature world: real stacks and workers, a model that is a list to sort."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import bench_report_world as costs
import pytest
from miniature import ROOT, Answer, Miniature
from process_ends import gone

from harness.commands.bench_stored import check_not_stored
from harness.report.bench import csvform
from harness.vocabulary.errors import UsageError

SORTING = """
import os, time
from pathlib import Path
from harness.speed.task import Asked, Measure, Measured, Opened
from harness.vocabulary.costs import Quantity
from harness.vocabulary.turns import Missing

def open_task(asked):
    with open(Path(os.environ["HARNESS_HOME"]) / "pids", "a") as file:
        file.write(f"{os.getpid()}\\n")
    print("a library prints on standard output")
    plant = asked.arm.plant
    if asked.own:
        raise RuntimeError("only its own subject")
    if plant == "first-token=2":
        raise RuntimeError("no numbers to sort")
    if plant == "decode=9":
        time.sleep(600)
    numbers = [(index * 7919) % 2000 for index in range(2000)]
    times = 4 if plant == "decode=4" else 1
    held = Measured(Quantity(asked.quantity("held"), "bytes", repeats=False), 1e9 * times)
    call = lambda: [sorted(numbers) for _ in range(times)]
    return Opened((Measure(Quantity(asked.quantity("sort"), "s"), call),), (held,))
"""


class WithOwnModel(Miniature):
    """A miniature with a copy of the harness in which the task `model` sorts."""

    package: Path

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "PYTHONPATH": str(self.package)}

    @property
    def pids(self) -> set[int]:
        file = self.home / "pids"
        return {int(line) for line in file.read_text().split()} if file.is_file() else set()

    def bench(self, *arguments: str) -> Answer:
        return self.run("bench", *self.asked(*arguments))

    def asked(self, *arguments: str) -> list[str]:
        return ["--baseline", "mini", "--task", "model", *arguments]


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> WithOwnModel:
    miniature = make_miniature()
    miniature.__class__ = WithOwnModel
    assert isinstance(miniature, WithOwnModel)
    miniature.package = miniature.home.parent / "package"
    left_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "harness", miniature.package / "harness", ignore=left_out)
    (miniature.package / "harness" / "speed" / "generating.py").write_text(SORTING)
    miniature.stack("mini")
    return miniature


@pytest.fixture(autouse=True)
def _no_worker_left(world: WithOwnModel) -> Iterator[None]:
    yield
    assert gone(world.pids)


def verdicts(answer: Answer) -> dict[str, str]:
    return {
        each["quantity"]["id"]: each["decision"]["verdict"]
        for comparison in answer.report["comparisons"]
        for each in comparison["compared"]
    }


def started(world: WithOwnModel, *arguments: str) -> subprocess.Popen[str]:
    """A benchmark whose first worker has begun."""
    before = len(world.pids)
    process = world.start("bench", *world.asked(*arguments))
    limit = time.monotonic() + 120
    while len(world.pids) == before and time.monotonic() < limit:
        time.sleep(0.05)
    assert len(world.pids) > before
    return process


def test_a_candidate_that_costs_more_exits_1_and_every_form_is_written(
    world: WithOwnModel, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    answer = world.bench("--plant", "decode=4", "--budget", "20", "--report", str(out))
    assert answer.code == 1, answer.err
    assert verdicts(answer) == {"model/held": "heavier", "model/sort": "slower"}
    assert "slower" in answer.out
    assert sorted(file.name for file in out.iterdir()) == [
        "bench.benchmark.json", "bench.csv", "bench.html", "bench.json", "bench.md",
    ]  # fmt: skip
    assert json.loads((out / "bench.json").read_text()) == answer.report


def test_what_fails_is_chosen(world: WithOwnModel) -> None:
    asked = ["--plant", "decode=4", "--quantity", "model/held"]
    assert world.bench(*asked, "--fail-on", "slower,lighter").code == 0
    assert world.bench(*asked, "--fail-on", "heavier").code == 1


def test_a_stack_is_compared_with_itself_where_no_candidate_is_named(world: WithOwnModel) -> None:
    answer = world.bench("--quantity", "model/held", "--trials", "2")
    assert answer.code == 0, answer.err
    verdicts_ = [
        each["decision"]["verdict"]
        for comparison in answer.report["comparisons"]
        for each in comparison["compared"]
    ]
    assert verdicts_ == ["same", "same"]
    assert "[2/2]" in answer.err


def test_nothing_measured_is_no_success_and_says_why(world: WithOwnModel) -> None:
    answer = world.bench("--plant", "first-token=2")
    assert answer.code == 4
    assert "Nothing was measured" in answer.out
    assert "no numbers to sort" in answer.out


def test_a_vary_compares_the_first_with_each_other(world: WithOwnModel) -> None:
    answer = world.bench("--vary", "precision=float32,nf4,int8", "--quantity", "model/held")
    pairs = [
        (comparison["baseline"]["precision"], comparison["candidate"]["precision"])
        for comparison in answer.report["comparisons"]
    ]
    assert (answer.code, pairs) == (0, [("float32", "nf4"), ("float32", "int8")])


def test_between_subjects_each_arm_is_measured_on_its_own(world: WithOwnModel) -> None:
    folder = ROOT / "fixtures" / "architectures" / "llama"
    subjects = ",".join(f"{name}={folder}" for name in ("left", "right"))
    answer = world.bench("--vary", f"subject={subjects}")
    assert answer.code == 4, answer.err
    assert "only its own subject" in answer.out


def test_a_worker_that_hangs_ends_by_its_timeout(world: WithOwnModel) -> None:
    answer = world.bench("--plant", "decode=9", "--worker-timeout", "3")
    assert answer.code == 4
    assert "its process said nothing for 3 s" in answer.out


@pytest.mark.parametrize(
    ("arguments", "said", "next"),
    [
        (["--task", "modell"], "unknown task 'modell'", "--task model"),
        (["--quantity", "*short*"], "'*short*' names no task", "--quantity '*/*short*'"),
        (["--task", "load", "--quantity", "model/*"], "no quantity of load fits", "--task load"),
        (["--task", "load", "--plant", "decode=2"], "nothing of load is slowed", "--task model"),
        (["--vary", "precision=nf4,int8", "--precision", "fp4"], "of every arm", "--vary"),
        (["--plant", "decode=0.5"], "no slowdown", "--plant decode=1.10"),
        (["--plant", "foo=2"], "no slowdown", "--plant decode=1.10"),
        (["--vary", "precison=nf4,int8"], "'precison' cannot be varied", "--vary precision="),
        (["--vary", "precision=nf4"], "needs two values", "--vary precision=nf4,B"),
        (["--vary", "precision=nf4,fp99"], "unknown precision 'fp99'", "--precision"),
        (["--vary", "device=cpu,mps", "--candidate", "mini"], "do not go together", "leave out"),
        (["--precision", "nf4,int8"], "names 2", "--vary precision=nf4,int8"),
        (["--device", "mps", "--precision", "nf4"], "no kernels for mps", "leave out nf4"),
        (["--attention", "spda"], "unknown attention", "--attention sdpa"),
        (["--plant", "slow"], "no slowdown", "--plant decode=1.10"),
        (["--fail-on", "slow"], "no verdict to fail on", "--fail-on slower"),
        (["--subject", "none"], "unknown subject 'none'", "--subject none=PATH"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_type(
    world: WithOwnModel, arguments: list[str], said: str, next: str
) -> None:
    answer = world.run("bench", *arguments)
    assert answer.code == 2
    assert said in answer.err
    assert next in answer.err.partition("next:")[2]


@pytest.mark.parametrize(
    ("processor", "why"),
    [(None, "what else ran there then"), ("Z80", r"another machine (Z80, and this is")],
)
@pytest.mark.parametrize("option", ["--json", "--benchmark-json"])
def test_a_stored_benchmark_is_no_arm(
    world: WithOwnModel, option: str, processor: str | None, why: str
) -> None:
    """The file is written by a run; another processor is put into it by hand."""
    file = world.home / "earlier.json"
    answer = world.bench("--budget", "1", "--benchmark-json", str(file))
    assert answer.code in (0, 4), answer.err
    if option == "--json":
        file.write_text(json.dumps(answer.report))
    text = file.read_text()
    if processor is not None:
        found = json.loads(text)
        machine = found["machine"] if option == "--json" else found["machine_info"]["cpu"]
        machine["processor" if option == "--json" else "brand_raw"] = processor
        text = json.dumps(found)
    file.write_text(text)
    answer = world.run("bench", "--baseline", "mini", "--candidate", str(file))
    assert answer.code == 2
    assert "a stored benchmark cannot be compared with" in answer.err
    assert why in answer.err


@pytest.mark.parametrize(
    "more", [{}, {"comparisons": [1]}, {"machine": {"processor": 3}, "comparisons": {}}]
)
def test_a_stored_benchmark_that_is_damaged_is_no_arm_either(
    tmp_path: Path, more: dict[str, object]
) -> None:
    file = tmp_path / "damaged.json"
    file.write_text(json.dumps({"kind": "harness bench", **more}))
    with pytest.raises(UsageError, match="a stored benchmark cannot be compared with"):
        check_not_stored([str(file)])


def test_the_samples_of_a_stored_benchmark_are_no_arm_either(tmp_path: Path) -> None:
    file = tmp_path / "bench.csv"
    file.write_text(csvform.to_csv(costs.slower()))
    with pytest.raises(UsageError, match="a stored benchmark cannot be compared with") as caught:
        check_not_stored([str(file)])
    assert caught.value.next == 'harness bench --baseline "STACK" --candidate STACK'
    file.write_text("name,seconds\nmine,3\n")
    check_not_stored([str(file)])


def test_a_stack_that_cannot_be_made_exits_3(world: WithOwnModel) -> None:
    answer = world.run("bench", "--baseline", "mini absent==1.0", "--task", "model")
    assert answer.code == 3, answer.err


def test_ctrl_c_ends_every_worker(world: WithOwnModel) -> None:
    process = started(world, "--budget", "60", "--plant", "decode=9")
    pids = world.pids
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in err
    assert gone(pids)


def test_ctrl_c_keeps_what_was_finished(world: WithOwnModel, tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    process = world.start(
        "bench",
        *world.asked("--quantity", "model/held", "--trials", "1000", "--json", str(file)),
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("[1/1000]"):
            break
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    report = json.loads(file.read_text())
    assert len(report["comparisons"]) >= 1
    assert any("interrupted" in note for note in report["notes"])
    assert "held" in out


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's PR_SET_PDEATHSIG")
def test_a_benchmark_that_is_killed_leaves_no_worker(world: WithOwnModel) -> None:
    process = started(world, "--plant", "decode=9")
    process.kill()
    process.communicate(timeout=30)
    assert gone(world.pids)
