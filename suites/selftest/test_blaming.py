"""Blame on the miniature world: real stacks, real runs, and what brought what is known."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable
from typing import Any

import pytest
from miniature import Answer, Miniature, modules
from wheels import make_wheel

SUITE = """
import pytest
from harness.plugin import requires

@requires("engine")
def test_size(observe):
    import engine
    observe.exact("size", engine.size)

@requires("engine", "gear")
def test_speed(observe):
    import engine, gear
    observe.exact("speed", engine.fast and gear.fast)

@requires("cart")
def test_load(observe):
    import cart
    observe.exact("load", cart.load)

@requires("gear")
def test_teeth(observe):
    import gear
    observe.exact("teeth", gear.teeth)

@requires("engine")
def test_silence():
    import engine
    assert not engine.size, "it is loud"

@requires("nonesuch")
@pytest.mark.parametrize("way", ["up"])
def test_elsewhere(way, observe):
    observe.exact("way", way)
"""

ENGINES = {
    "1.0": (10, False),
    "1.1": (10, False),
    "1.2": (11, True),
    "1.3": (11, True),
    "2.0rc1": (11, True),
    "2.0": (11, True),
}
"""Size, and whether it is fast, by release."""

GEARS = {"1.0": (7, False), "1.1": (7, True), "1.2": (8, True), "1.3": (7, True)}
"""Teeth, and whether it is fast: the teeth change in 1.2 and are the old ones again in 1.3."""

SIZE, TEETH, SILENCE, ELSEWHERE = (
    f"machines/test_machine.py::test_{name}" for name in ("size", "teeth", "silence", "elsewhere")
)


def build(mini: Miniature) -> Miniature:
    for version, (size, fast) in ENGINES.items():
        source = f"size, fast = {size}, {fast}\n"
        make_wheel(mini.wheelhouse, "engine", version, modules=modules("engine", source))
    for version, (teeth, fast) in GEARS.items():
        source = f"teeth, fast = {teeth}, {fast}\n"
        make_wheel(mini.wheelhouse, "gear", version, modules=modules("gear", source))
    for version, load, axle in (("1.0", 5, "<2"), ("1.1", 6, "<2"), ("1.2", 6, ">=2")):
        source = modules("cart", f"load = {load}\n")
        make_wheel(mini.wheelhouse, "cart", version, [f"axle{axle}"], source)
    for version in ("1.0", "2.0"):
        make_wheel(mini.wheelhouse, "axle", version)
        make_wheel(mini.wheelhouse, "paint", version)
    mini.stack("reference", "engine==2.0", "gear==1.3", "paint==2.0", "cart==1.2", "axle==2.0")
    mini.stack("old", "engine==1.0", "gear==1.0", "paint==1.0", "cart==1.0", "axle==1.0")
    mini.suite("machines/test_machine.py", SUITE)
    mini.count_starts()
    return mini


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    return build(make_miniature())


@pytest.fixture(scope="module")
def blamed(world: Miniature) -> Answer:
    return world.gate(
        *("--baseline", "old", "--candidate", "reference", "--blame"),
        *("--report", str(world.home / "report")),
    )


def groups(answer: Answer) -> dict[str, dict[str, Any]]:
    """The group of each behaviour, by its test."""
    return {
        change["behaviour"].rpartition("::")[2]: group
        for group in answer.report["blame"]["groups"]
        for change in group["changes"]
    }


def test_a_change_is_put_on_its_package_and_release(blamed: Answer) -> None:
    group = groups(blamed)["test_size"]
    assert (group["moves"], group["releases"]) == (["engine"], {"engine": "1.2"}), blamed.err
    assert "engine 1.2  1 change" in blamed.out
    assert blamed.code == 1


def test_two_packages_of_which_neither_suffices_alone_are_both_named(blamed: Answer) -> None:
    group = groups(blamed)["test_speed"]
    assert (group["standing"], group["moves"]) == ("named", ["engine", "gear"])
    assert group["releases"] == {"engine": "1.2", "gear": "1.1"}
    assert "engine 1.2 together with gear 1.1" in blamed.out
    assert "none of these moves suffices without the others" in blamed.out


def test_of_two_that_only_move_together_the_one_that_was_dragged_along_is_not_blamed(
    blamed: Answer,
) -> None:
    group = groups(blamed)["test_load"]
    assert (group["moves"], group["inseparable"]) == ([], ["axle", "cart"])
    assert group["releases"] == {"cart": "1.1"}
    assert "cart 1.1  1 change" in blamed.out


def test_releases_that_were_left_out_are_said(blamed: Answer) -> None:
    assert "engine 2.0rc1 left out: a pre-release" in blamed.out


def test_what_it_took_is_counted(blamed: Answer) -> None:
    effort = blamed.report["blame"]["effort"]
    assert effort["environments_kept"] == 1, "the baseline: the gate ran the candidate enough"
    assert effort["environments"] > 4
    assert effort["processes"] <= effort["probes"] < 100
    assert f"{effort['environments']} environments built and 1 kept from before" in blamed.out


def test_progress_tells_what_is_left_and_an_estimate(blamed: Answer) -> None:
    assert "\nsearching the packages for 3 changes" in blamed.err
    assert "left, about" in blamed.err


def test_blame_on_the_report_of_a_gate_finds_all_that_was_run(
    blamed: Answer, world: Miniature
) -> None:
    before = world.starts()
    again = world.run("blame", str(world.home / "report" / "gate.json"))
    assert groups(again) == groups(blamed), again.err
    effort = again.report["blame"]["effort"]
    assert (effort["probes"], effort["environments"]) == (0, 0)
    assert (world.starts(), again.code) == (before, 1)


def test_blame_on_the_report_of_a_gate_writes_scripts_where_it_is_asked_to(
    blamed: Answer, world: Miniature
) -> None:
    folder = world.home / "scripts"
    report = str(world.home / "report" / "gate.json")
    again = world.run("blame", report, "--reproduce", str(folder))
    assert (folder / "README.md").is_file(), again.err
    scripts = {str(folder / file.name) for file in folder.glob("*.py")}
    told = {each["script"] for each in again.report["behaviours"] if each.get("script")}
    assert scripts == told != set()


def test_a_history_with_two_turns_is_told_whole(world: Miniature) -> None:
    found = world.run("bisect", "gear", "--behaviour", TEETH, "--good", "1.0", "--bad", "1.3")
    (history,) = found.report["histories"]
    turns = [(turn["last"], turn["first"], turn["now"]) for turn in history["turns"]]
    assert turns == [("1.1", "1.2", "between"), ("1.2", "1.3", "before")], found.err
    assert "gear: appeared in 1.2, gone in 1.3" in found.out
    seen = "the old answer in 1.0 to 1.1, another answer in 1.2, the old answer in 1.3"
    assert f"seen: {seen}\n" in found.out
    (middle,) = history["middles"]
    held = {"status": "held", "reason": "", "observations": {"teeth": 8}}
    assert middle == {"release": "1.2", **held}
    assert "\n    in gear 1.2: teeth: 8\n" in found.out
    assert found.code == 0


def test_what_fails_alike_at_both_ends_did_not_change(world: Miniature) -> None:
    found = world.run("bisect", "engine", "--behaviour", SILENCE, "--good", "1.0")
    assert "both ends are the same: every minor version between was probed" in found.out, found.err
    assert "it is the same in all of the 5 releases that answer, of 5" in found.out
    assert found.code == 0


def test_what_runs_at_neither_end_is_not_called_the_same(world: Miniature) -> None:
    ends = ("--good", "1.0", "--bad", "1.3")
    found = world.run("bisect", "gear", "--behaviour", ELSEWHERE, *ends)
    assert found.code == 2, found.out + found.err
    assert "runs at an end: nonesuch is not in this stack\n" in found.err
    found = world.run("bisect", "gear", "--behaviour", ELSEWHERE, "--behaviour", TEETH, *ends)
    assert "note: 1 more run at neither end: nonesuch is not in this stack\n" in found.out
    assert (found.code, len(found.report["histories"])) == (0, 1)


def test_a_pattern_that_only_a_stack_can_refuse_is_told_of_its_own_option(world: Miniature) -> None:
    found = world.run("bisect", "gear", "--behaviour", "*tooth*", "--good", "1.0")
    assert found.code == 2
    assert "  where:   --behaviour '*tooth*'\n" in found.err
    assert "  next:    --behaviour " in found.err


def interrupted(world: Miniature, at: str, *command: str) -> str:
    """What a command says that hears Ctrl-C once it has said a line that begins with `at`."""
    process = world.start(*command)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(at):
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    return err


def test_an_interrupt_keeps_what_was_probed_and_the_command_it_prints_goes_on(
    world: Miniature,
) -> None:
    command = ("bisect", "engine", "--behaviour", "*::test_size", "--good", "1.0", "--parallel")
    said = interrupted(world, "[4,", *command, "1")
    before = world.starts()
    assert " probes are finished and kept\n" in said
    printed = said.splitlines()[-1].partition("to go on from here: harness ")[2]
    again = world.run(*shlex.split(printed))
    assert again.code == 0, again.err
    effort = again.report["effort"]
    assert effort["probes_kept"] >= 3
    assert world.starts() - before <= effort["processes"]
    assert again.report["histories"][0]["turns"][0]["first"] == "1.2"


def test_a_search_in_a_report_that_is_interrupted_prints_its_own_command(
    blamed: Answer, world: Miniature
) -> None:
    report = str(world.home / "report" / "gate.json")
    said = interrupted(world, "[1/", "blame", report, "--no-cache")
    assert said.endswith(f"\nto begin again: harness blame {report} --no-cache\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("blame",), "no gate to search"),
        (("blame", "nowhere.json"), "cannot be read"),
        (("blame", "home.json", "--select", "machines"), "which says what was gated"),
        (("blame", "home.json", "--no-downgrade"), "--no-downgrade beside home.json"),
        (("bisect", "engine", "--behaviour", SIZE, "--good", "0.7"), "has no release '0.7'"),
        (("bisect", "engine", "--behaviour", SIZE, "--good", "1.2", "--bad", "1.0"), "is newer"),
        (("bisect", "engine", "--behaviour", SIZE, "--bad", "newest"), "has no release 'newest'"),
        (("bisect", "engine", "--behaviour", SIZE, "--stack", "engine==9"), "engine==9"),
        (("bisect", "engine", "--behaviour", SIZE, "--cell", "gear"), "no such cell: gear"),
        (("bisect", "nothing", "--behaviour", SIZE), "no package 'nothing'"),
        (("bisect", "engine", "--behaviour", "machines/test_machine.py::test_sise"), "test_size"),
        (("bisect", "engine", "--behaviour", "no*"), "next:    --behaviour machines\n"),
        (
            ("bisect", "engine", "--behaviour", SIZE, "--good", "1.2.9"),
            "next:    harness bisect engine --good 1.2 …\n",
        ),
    ],
)
def test_what_makes_no_sense_is_one_clear_error(
    world: Miniature, arguments: tuple[str, ...], said: str
) -> None:
    answer = world.run(*arguments)
    assert answer.code in (2, 3), answer.out
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_blame_says_where_a_stack_is_another_one_than_when_it_was_gated(world: Miniature) -> None:
    others = ("gear==1.3", "paint==2.0", "cart==1.2", "axle==2.0")
    folder = world.home / "moving"
    world.stack("moving", "engine==1.1", *others)
    command = ("--candidate", "moving", "--select", SIZE, "--report", str(folder))
    world.gate("--baseline", "reference", *command)
    world.stack("moving", "engine==1.2", *others)
    again = world.run("blame", str(folder / "gate.json"))
    told = "the candidate is not that of the gate any more: engine 1.1 → 1.2"
    assert told in again.report["notes"], again.err
    assert told in again.out
