"""Resolving by uv, on an index of tiny wheels."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from stack_helpers import make_home
from wheels import make_wheel

from harness import stacks
from harness.vocabulary.errors import ExitCode, UsageError
from harness.vocabulary.stacks import Move


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_home(tmp_path, monkeypatch)


def test_a_named_stack_resolves_to_its_pins(home: Path) -> None:
    lock = stacks.resolve_stack("reference", home=home)
    assert lock.versions == {"alpha": "1.0", "beta": "1.0", "gamma": "1.0"}


def test_only_what_must_move_moves(home: Path) -> None:
    lock = stacks.resolve_stack("gamma==2.0", home=home)
    assert lock.versions == {"alpha": "1.0", "beta": "1.0", "gamma": "2.0"}


def test_a_library_that_goes_back_is_a_move_that_went_back(home: Path) -> None:
    reference = stacks.resolve_stack("reference", home=home)
    moved = stacks.moves(reference, stacks.resolve_stack("alpha==2.0", home=home))
    assert moved == (Move("alpha", "1.0", "2.0"), Move("beta", "1.0", "0.9", went_back=True))
    why = stacks.why_back("alpha==2.0", moved[1], home=home)
    assert "require alpha<2" in why
    assert "alpha==2.0 is asked for" in why


def test_no_downgrade_makes_it_unsolvable(home: Path) -> None:
    with pytest.raises(stacks.Unsolvable) as caught:
        stacks.resolve_stack("alpha==2.0", home=home, no_downgrade=True)
    assert set(caught.value.conflict) == {"alpha==2.0", "beta>=1.0"}


def test_an_unsolvable_set_names_the_conflict_and_the_bound(home: Path) -> None:
    with pytest.raises(stacks.Unsolvable, match=r"beta 1\.1 requires alpha<2") as caught:
        stacks.resolve_stack("alpha==2.0, beta==1.1", home=home)
    assert set(caught.value.conflict) == {"alpha==2.0", "beta==1.1"}
    assert caught.value.exit_code == ExitCode.CANNOT_BUILD


def test_a_file_of_pins_is_a_stack(home: Path, tmp_path: Path) -> None:
    pins = tmp_path / "mine.txt"
    pins.write_text("gamma==2.0\n")
    assert stacks.resolve_stack(str(pins), home=home).versions == {"gamma": "2.0"}


def test_a_stack_without_a_library_of_the_reference_may_be_overlaid(home: Path) -> None:
    (home / "fixtures/stacks/small.txt").write_text("alpha==1.0\ngamma==1.0\n")
    lock = stacks.resolve_stack("small alpha==2.0", home=home)
    assert lock.versions == {"alpha": "2.0", "gamma": "1.0"}


def test_a_local_build_of_torch_serves_a_plain_pin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(tmp_path, monkeypatch, ("torch==2.0", "tokenizers==1.0"))
    for version in ("2.0", "2.0+cpu", "2.1"):
        make_wheel(tmp_path / "wheels", "torch", version)
    for version in ("1.0", "1.1"):
        make_wheel(tmp_path / "wheels", "tokenizers", version, ["torch"])
    lock = stacks.resolve_stack("tokenizers==1.1", home=home)
    assert lock.versions == {"tokenizers": "1.1", "torch": "2.0+cpu"}


def test_an_unknown_package_is_told_from_an_unknown_version(home: Path) -> None:
    with pytest.raises(stacks.UnknownPackage, match="no package 'nonesuch'") as absent:
        stacks.resolve_stack("nonesuch==1.0", home=home)
    assert absent.value.next == "check the spelling, or name the index that has it in UV_INDEX"
    with pytest.raises(stacks.UnknownPackage, match="no package 'alhpa'") as absent:
        stacks.resolve_stack("alhpa==1.0", home=home)
    assert (absent.value.next or "").startswith("check the spelling (near: alpha), or name")
    with pytest.raises(stacks.UnknownVersion, match="no alpha==9") as caught:
        stacks.resolve_stack("alpha==9", home=home)
    assert caught.value.next == "the newest is alpha==2.0"


def test_an_index_that_does_not_answer_is_no_verdict_on_the_stack(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/index")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(stacks.IndexUnreachable) as caught:
        stacks.resolve_stack("gamma==2.0", home=home)
    assert caught.value.exit_code == ExitCode.INCONCLUSIVE
    advised = "check the connection, or set UV_OFFLINE=1 to go by what is cached"
    assert caught.value.next == advised


def test_where_no_network_is_allowed_a_folder_of_wheels_helps_as_advised(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = os.environ["UV_FIND_LINKS"]
    monkeypatch.delenv("UV_FIND_LINKS")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/index")
    monkeypatch.setenv("UV_OFFLINE", "1")
    with pytest.raises(stacks.IndexUnreachable) as caught:
        stacks.resolve_stack("gamma==2.0", home=home)
    advised = "unset UV_OFFLINE, or name a folder that has the wheels in UV_FIND_LINKS"
    assert caught.value.next == advised
    monkeypatch.setenv("UV_FIND_LINKS", wheels)
    assert stacks.resolve_stack("gamma==2.0", home=home).versions["gamma"] == "2.0"


@pytest.mark.parametrize("argument", ["", "nowhere.txt", "alpha==", "alpha", "alpha==1 alpha==2"])
def test_wrong_usage_is_exit_code_2(home: Path, argument: str) -> None:
    with pytest.raises(UsageError) as caught:
        stacks.resolve_stack(argument, home=home)
    assert caught.value.exit_code == ExitCode.USAGE
