"""A lock with some packages at other versions, resolved by uv on an index of tiny wheels."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from stack_helpers import make_home
from wheels import make_wheel

from harness import stacks
from harness.stacks import Mixed, Unmixable, mix
from harness.vocabulary.stacks import Lock, Move

BASELINE = Lock("old", (("alpha", "1.0"), ("beta", "1.0"), ("gamma", "1.0")))


@pytest.fixture(autouse=True)
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The index of `make_home`: beta 1.0 and 1.1 want alpha below 2, beta 0.9 takes any."""
    make_home(tmp_path, monkeypatch)
    return tmp_path / "wheels"


def mixed(
    moved: Mapping[str, str | None], baseline: Lock = BASELINE, towards: Lock | None = None
) -> Mixed:
    answer = mix(baseline, moved, towards=towards)
    assert isinstance(answer, Mixed), answer
    return answer


def unmixable(moved: Mapping[str, str | None], baseline: Lock = BASELINE) -> Unmixable:
    answer = mix(baseline, moved)
    assert isinstance(answer, Unmixable), answer
    return answer


def test_what_goes_together_is_taken_exactly() -> None:
    answer = mixed({"Gamma": "2.0"})
    assert answer.lock.versions == {"alpha": "1.0", "beta": "1.0", "gamma": "2.0"}
    assert (answer.moved, answer.forced) == ((Move("gamma", "1.0", "2.0"),), ())
    assert answer.lock.name == "old with gamma==2.0"


def test_nothing_moved_is_the_baseline() -> None:
    answer = mixed({})
    assert (answer.lock.pins, answer.moved, answer.forced) == (BASELINE.pins, (), ())


def test_what_must_move_along_is_named_with_the_reason() -> None:
    answer = mixed({"alpha": "2.0"})
    assert answer.lock.versions == {"alpha": "2.0", "beta": "0.9", "gamma": "1.0"}
    assert answer.moved == (Move("alpha", "1.0", "2.0"),)
    assert answer.forced == (Move("beta", "1.0", "0.9", went_back=True),)
    assert answer.because == ("beta 1.0 requires alpha<2",)


def test_versions_that_exclude_each_other_are_an_answer() -> None:
    answer = unmixable({"alpha": "2.0", "beta": "1.1"})
    assert answer.reasons == ("beta 1.1 requires alpha<2",)
    assert "alpha==2.0" in answer.words


def test_a_version_that_does_not_exist_is_an_answer() -> None:
    assert "alpha==7" in unmixable({"alpha": "7"}).words


def test_an_index_out_of_reach_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_FIND_LINKS")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/index")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(stacks.IndexUnreachable):
        mix(BASELINE, {"gamma": "2.0"})


def test_versions_that_are_at_hand_need_no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/index")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    assert mixed({"gamma": "2.0"}).lock.versions["gamma"] == "2.0"
    with pytest.raises(stacks.IndexUnreachable):
        mix(BASELINE, {"alpha": "2.0"})
    with pytest.raises(stacks.IndexUnreachable):
        mix(BASELINE, {"gamma": "7.0"})


def test_a_package_that_leaves_is_left_out() -> None:
    answer = mixed({"gamma": None})
    assert answer.lock.versions == {"alpha": "1.0", "beta": "1.0"}
    assert answer.moved == (Move("gamma", "1.0", None),)
    assert answer.lock.name == "old without gamma"


def test_a_package_that_the_rest_requires_cannot_leave() -> None:
    assert unmixable({"alpha": None}).reasons == ("the rest of the stack requires alpha",)


def test_what_a_moved_package_newly_requires_comes_as_the_other_stack_has_it(wheels: Path) -> None:
    make_wheel(wheels, "gamma", "3.0", ["delta"])
    for version in ("1.0", "1.1"):
        make_wheel(wheels, "delta", version)
    assert mixed({"gamma": "3.0"}).forced == (Move("delta", None, "1.1"),)
    towards = Lock("new", (("delta", "1.0"), ("gamma", "3.0")))
    assert mixed({"gamma": "3.0"}, towards=towards).forced == (Move("delta", None, "1.0"),)


def test_what_must_move_goes_where_the_other_stack_has_it(wheels: Path) -> None:
    for version in ("2.0", "2.1", "2.2"):
        make_wheel(wheels, "beta", version, ["alpha>=2"])
    assert mixed({"alpha": "2.0"}).lock.versions["beta"] == "2.2"
    towards = Lock("new", (("alpha", "2.0"), ("beta", "2.1"), ("gamma", "2.0")))
    answer = mixed({"alpha": "2.0"}, towards=towards)
    assert answer.lock.versions == {"alpha": "2.0", "beta": "2.1", "gamma": "1.0"}


def test_only_those_go_where_the_other_stack_has_them_that_resolve_there(wheels: Path) -> None:
    make_wheel(wheels, "one", "1.0", ["alpha<2"])
    make_wheel(wheels, "one", "2.0", ["alpha"])
    make_wheel(wheels, "one", "3.0", ["alpha"])
    make_wheel(wheels, "two", "1.0", ["alpha<2"])
    make_wheel(wheels, "two", "2.0", ["alpha>2"])
    make_wheel(wheels, "two", "3.0", ["alpha"])
    baseline = Lock("old", (("alpha", "1.0"), ("one", "1.0"), ("two", "1.0")))
    towards = Lock("new", (("alpha", "3.0"), ("one", "2.0"), ("two", "2.0")))
    answer = mixed({"alpha": "2.0"}, baseline, towards)
    assert answer.lock.versions == {"alpha": "2.0", "one": "2.0", "two": "3.0"}


def test_torch_stays_where_it_is_unless_it_is_asked_for(wheels: Path) -> None:
    for version in ("2.0", "2.0+cpu", "2.1"):
        make_wheel(wheels, "torch", version)
    make_wheel(wheels, "tokenizers", "1.0", ["torch"])
    make_wheel(wheels, "tokenizers", "1.1", ["torch>=2.1"])
    baseline = Lock("old", (("tokenizers", "1.0"), ("torch", "2.0+cpu")))
    assert unmixable({"tokenizers": "1.1"}, baseline).reasons == (
        "tokenizers 1.1 requires torch>=2.1",
    )
    both = mixed({"tokenizers": "1.1", "torch": "2.1"}, baseline)
    assert (both.lock.versions, both.forced) == ({"tokenizers": "1.1", "torch": "2.1"}, ())


def test_a_library_under_test_is_the_last_to_move(wheels: Path) -> None:
    """The newest accelerate moves both others; one of the two is enough."""
    make_wheel(wheels, "moved", "1.0")
    make_wheel(wheels, "moved", "2.0", ["accelerate>=2"])
    make_wheel(wheels, "accelerate", "1.0")
    make_wheel(wheels, "accelerate", "2.0", ["helper!=1.0"])
    make_wheel(wheels, "accelerate", "3.0", ["sae-lens!=1.0"])
    make_wheel(wheels, "accelerate", "4.0", ["helper!=1.0", "sae-lens!=1.0"])
    for version in ("1.0", "2.0"):
        make_wheel(wheels, "helper", version)
        make_wheel(wheels, "sae-lens", version)
    names = ("accelerate", "helper", "moved", "sae-lens")
    answer = mixed({"moved": "2.0"}, Lock("old", tuple((name, "1.0") for name in names)))
    assert {move.package for move in answer.forced} == {"accelerate", "helper"}


def test_a_dependency_that_nothing_requires_any_more_stays_all_the_same(wheels: Path) -> None:
    make_wheel(wheels, "helper", "1.0")
    make_wheel(wheels, "sae-lens", "1.0", ["helper", "tokenizers<2"])
    make_wheel(wheels, "sae-lens", "2.0")
    for version in ("1.0", "2.0"):
        make_wheel(wheels, "tokenizers", version)
    names = ("helper", "sae-lens", "tokenizers")
    baseline = Lock("old", tuple((name, "1.0") for name in names))
    answer = mixed({"tokenizers": "2.0"}, baseline)
    assert answer.lock.versions == {"helper": "1.0", "sae-lens": "2.0", "tokenizers": "2.0"}


NAMES = ("p", "q", "r", "s")
VERSIONS = ("1.0", "2.0", "3.0")
World = dict[tuple[str, str], list[str]]


def random_world(rng: random.Random) -> World:
    """What each release of four packages requires of the others."""
    world: World = {}
    for name, version in itertools.product(NAMES, VERSIONS):
        others = rng.sample([other for other in NAMES if other != name], k=rng.choice((0, 1, 1, 2)))
        world[name, version] = [
            f"{other}{rng.choice(('<=', '>=', '==', '!='))}{rng.choice(VERSIONS)}"
            for other in others
        ]
    return world


def stacks_of(world: World) -> Iterator[dict[str, str]]:
    """Every set of versions whose requirements all hold, by trying each."""
    for versions in itertools.product(VERSIONS, repeat=len(NAMES)):
        stack = dict(zip(NAMES, versions, strict=True))
        required = [Requirement(line) for item in stack.items() for line in world[item]]
        if all(r.specifier.contains(stack[r.name]) for r in required):
            yield stack


@pytest.mark.parametrize("seed", range(8))
def test_in_any_small_world_no_fewer_others_could_move(wheels: Path, seed: int) -> None:
    rng = random.Random(seed)
    world = random_world(rng)
    while len(possible := list(stacks_of(world))) < 3:
        world = random_world(rng)
    for (name, version), requires in world.items():
        make_wheel(wheels, name, version, requires)
    baseline = rng.choice(possible)
    for name in rng.sample(NAMES, k=2):
        wanted = {name: rng.choice([v for v in VERSIONS if v != baseline[name]])}
        right = [stack for stack in possible if wanted.items() <= stack.items()]
        answer = mix(Lock("old", tuple(baseline.items())), wanted)
        if isinstance(answer, Unmixable):
            assert right == []
            continue
        assert answer.lock.versions in right
        forced = {move.package for move in answer.forced}
        needed = [{p for p in NAMES if s[p] != baseline[p]} - {*wanted} for s in right]
        assert not any(smaller < forced for smaller in needed)
