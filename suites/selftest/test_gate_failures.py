"""Gates that meet a hang, too little memory, a kill, damage, and stacks that cannot be made."""

from __future__ import annotations

import re
import shlex
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from miniature import Answer, Miniature, modules
from wheels import make_damaged_wheel, make_wheel

SLOW = "import time\ndef work(): time.sleep({seconds})\n"
HUNGRY = "def work(): return bytearray({mib} * 2**20).count(1)\n"
SUITE = """
from harness.plugin import requires

@requires("{name}")
def test_before(): pass
@requires("{name}")
def test_work():
    import time, {name}
    kept = {name}.work()
    time.sleep({after})
@requires("{name}")
def test_after(): pass
"""


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    mini = make_miniature()
    for version, seconds in (("1.0", 0), ("2.0", 60)):
        source = SLOW.format(seconds=seconds)
        make_wheel(mini.wheelhouse, "sleepy", version, modules=modules("sleepy", source))
    for version, mib in (("1.0", 1), ("2.0", 600)):
        source = HUNGRY.format(mib=mib)
        make_wheel(mini.wheelhouse, "hungry", version, modules=modules("hungry", source))
    make_damaged_wheel(mini.wheelhouse, "wrecked", "2.0")
    make_wheel(mini.wheelhouse, "syrupy", "99", modules=modules("syrupy", "raise OSError('gone')"))
    make_wheel(mini.wheelhouse, "needy", "1.0", requires=["sleepy<1"])
    mini.stack("reference", "sleepy==1.0", "hungry==1.0")
    mini.suite("sleep/test_sleep.py", SUITE.format(name="sleepy", after=0))
    mini.suite("hunger/test_hunger.py", SUITE.format(name="hungry", after=1))
    mini.count_starts()
    return mini


def test_a_hang_is_unknown_and_costs_no_other_behaviour(world: Miniature) -> None:
    answer = world.gate("--candidate", "sleepy==2.0", "--select", "sleep", "--cell-timeout", "4")
    assert answer.verdicts() == {
        "test_before": "same", "test_work": "unknown", "test_after": "same",
    }, answer.out + answer.err  # fmt: skip
    assert "ran out of time" in answer.behaviour("test_work")["reason"]
    assert answer.code == 4


def test_too_little_memory_is_unknown_and_costs_no_other_behaviour(world: Miniature) -> None:
    answer = world.gate(
        "--candidate", "hungry==2.0", "--select", "hunger", "--memory-limit", "300MiB"
    )
    assert answer.verdicts() == {
        "test_before": "same", "test_work": "unknown", "test_after": "same",
    }, answer.out + answer.err  # fmt: skip
    assert "ran out of memory" in answer.behaviour("test_work")["reason"]
    assert answer.code == 4


def test_a_stack_that_does_not_install_is_a_verdict(world: Miniature) -> None:
    answer = world.gate("--candidate", "wrecked==2.0")
    assert (answer.code, answer.report["stack_verdict"]) == (3, "uninstallable"), answer.err
    assert answer.report["behaviours"] == []
    assert "wrecked" in answer.out


def test_a_stack_that_does_not_resolve_is_a_verdict(world: Miniature) -> None:
    answer = world.gate("--candidate", "needy==1.0 sleepy==2.0")
    assert (answer.code, answer.report["stack_verdict"]) == (3, "unsolvable"), answer.err
    assert "sleepy" in answer.out


def test_a_baseline_that_does_not_resolve_is_named_as_such(world: Miniature) -> None:
    answer = world.gate("--baseline", "sleepy==9", "--candidate", "reference")
    assert answer.code == 3
    assert "the baseline" in answer.out


def test_a_stack_without_its_runner_leaves_all_unknown_with_its_last_words(
    world: Miniature,
) -> None:
    answer = world.gate("--candidate", "syrupy==99", "--select", "sleep")
    assert set(answer.verdicts().values()) == {"unknown"}, answer.out + answer.err
    assert "OSError: gone" in answer.behaviour("test_before")["reason"]
    assert answer.code == 4


def test_a_device_that_no_stack_has_is_wrong_usage_and_said_once(world: Miniature) -> None:
    answer = world.gate("--candidate", "sleepy==1.0", "--select", "sleep", "--device", "cuda")
    assert answer.code == 2
    assert answer.err.count("this machine has no device 'cuda'") == 1, answer.err
    assert "next:    --device cpu" in answer.err


def test_a_suite_that_cannot_be_listed_leaves_a_gate_inconclusive(world: Miniature) -> None:
    broken = "import pytest\nraise pytest.Collector.CollectError('its table is damaged')\n"
    broken += "def test_torn(): pass\n"
    world.suite("torn/test_torn.py", broken)
    world.suite("torn/test_whole.py", "def test_whole(): pass\n")
    try:
        every = world.gate("--candidate", "sleepy==1.0", "--select", "torn")
        alone = world.gate("--candidate", "sleepy==1.0", "--select", "torn/test_torn.py")
    finally:
        (world.home / "suites" / "torn" / "test_torn.py").unlink()
    assert (every.code, every.verdicts()) == (4, {"test_whole": "same"}), every.err
    assert "its table is damaged" in every.out
    assert alone.code == 4
    assert "its table is damaged" in alone.err


def test_a_gate_that_measured_nothing_is_no_success(world: Miniature) -> None:
    world.suite("none/test_none.py", "import pytest\ndef test_none(): pytest.skip('not here')\n")
    answer = world.gate("--candidate", "reference", "--select", "none")
    assert answer.code == 4
    assert answer.report["skipped"] == [{"reason": "not here", "count": 1}]


def settled(report: dict[str, Any]) -> dict[str, Any]:
    return report | {"seconds": 0, "notes": []}


RESUMED = ("--candidate", "sleepy==1.5", "--parallel", "1", "--confirm", "1")


@pytest.fixture
def long(make_miniature: Callable[[], Miniature]) -> Miniature:
    """A world of its own with four cells, in one of which a behaviour changes."""
    mini = make_miniature()
    for version, seconds in (("1.0", 0), ("1.5", 0.2)):
        source = SLOW.format(seconds=seconds)
        make_wheel(mini.wheelhouse, "sleepy", version, modules=modules("sleepy", source))
    make_wheel(mini.wheelhouse, "hungry", "1.0", modules=modules("hungry", HUNGRY.format(mib=1)))
    mini.stack("reference", "sleepy==1.0", "hungry==1.0")
    mini.suite("sleep/test_sleep.py", SUITE.format(name="sleepy", after=0.2))
    mini.suite("hunger/test_hunger.py", SUITE.format(name="hungry", after=0.2))
    mini.suite("sleep/test_more.py", CHANGES)
    mini.count_starts()
    return mini


CHANGES = """
from importlib.metadata import version
from harness.plugin import requires

@requires("sleepy")
def test_version(observe): observe.exact("version", version("sleepy"))
"""


def halfway(mini: Miniature, end: int) -> Answer:
    """Start a gate, end it by a signal while its second cell runs."""
    process = mini.start("gate", *RESUMED)
    until = time.monotonic() + 60
    while mini.starts() < 2 and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(end)
    out, err = process.communicate(timeout=60)
    return Answer(process.returncode, out, err, {})


def test_a_killed_gate_goes_on_and_ends_as_one_that_was_not(long: Miniature) -> None:
    halfway(long, signal.SIGKILL)
    resumed = long.gate(*RESUMED)
    runs = long.starts()
    whole = long.gate(*RESUMED, "--no-cache")
    assert settled(resumed.report) == settled(whole.report)
    assert resumed.behaviour("test_version")["verdict"] == "changed"
    # The cell that was killed ran twice, every other once.
    assert runs == 1 + (long.starts() - runs)


def test_nothing_survives_a_killed_gate(long: Miniature) -> None:
    halfway(long, signal.SIGKILL)
    time.sleep(0.3)
    survivors = [
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if str(long.home).encode() in _read(path) and b"harness.plugin" in _read(path)
    ]
    assert survivors == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_ctrl_c_says_what_is_kept_and_exits_130(long: Miniature) -> None:
    answer = halfway(long, signal.SIGINT)
    assert answer.code == 130
    # Two cells are planned where the candidate's environment was still being built, else four.
    assert re.search(r"interrupted: 1 of [24] cells are finished and kept", answer.err), answer.err
    typed = shlex.join(["harness", "gate", *RESUMED])
    assert answer.err.endswith(f"\nto go on from here: {typed}\n")
    assert "Traceback" not in answer.err


def test_a_damaged_result_runs_again_and_is_told(long: Miniature) -> None:
    first = long.gate(*RESUMED)
    records = sorted((long.cache / "cells").glob("*/record.jsonl"))
    text = records[0].read_text()
    records[0].write_text(text[: len(text) // 2])
    before = long.starts()
    again = long.gate(*RESUMED)
    assert long.starts() == before + 1
    assert "damaged" in again.report["notes"][0]
    assert settled(again.report) == settled(first.report)


def test_a_subject_with_other_bytes_is_one_clear_error(long: Miniature) -> None:
    fixtures = long.home / "fixtures"
    (fixtures / "words.model").write_text("not what was promised")
    (fixtures / "subjects.toml").write_text(
        '[words]\nsource = "bundled"\narchitecture = "unigram"\nformat = "sentencepiece"\n'
        'abilities = ["tokenizer"]\ndefault = true\n'
        f'files = [{{name = "words.model", sha256 = "{"0" * 64}"}}]\n'
    )
    answer = long.gate(*RESUMED)
    assert answer.code == 2, answer.err
    assert "words" in answer.err
    assert "sha256" in answer.err
    assert "Traceback" not in answer.err
