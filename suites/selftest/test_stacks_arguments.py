"""Stack arguments and explanations: pure text in, plain values out."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.stacks.arguments import overlay, understand
from harness.stacks.explain import plain, reasons, smallest_conflict
from harness.stacks.movement import moves
from harness.stacks.pins import Pin, read_pins, read_specifiers, split
from harness.stacks.uv import environment
from harness.vocabulary.errors import UsageError
from harness.vocabulary.stacks import Lock, Move

UV_SAYS = """error: No solution found when resolving dependencies
  cause: Because sae-lens>=6.54.12 depends on transformer-lens>=2.16.1,<4.0.0 and you require \
transformer-lens==4.3.0, we can conclude that your requirements and sae-lens>=6.54.12 are \
incompatible.
         And because you require sae-lens==6.54.12, we can conclude that your requirements are \
unsatisfiable.
"""


@pytest.mark.parametrize(
    ("words", "pieces"),
    [
        ("a==1 b==2", ["a==1", "b==2"]),
        ("a==1,b==2", ["a==1", "b==2"]),
        ("a==1, b == 2", ["a==1", "b==2"]),
        ("a>=1,<2 b", ["a>=1,<2", "b"]),
        ("a >= 1, < 2, b~=3.1", ["a>=1,<2", "b~=3.1"]),
        ("a[x,y]==1 b!=2", ["a[x,y]==1", "b!=2"]),
    ],
)
def test_specifiers_split_at_spaces_and_at_commas_that_no_range_owns(
    words: str, pieces: list[str]
) -> None:
    assert split(words) == pieces


def test_names_are_canonical() -> None:
    assert read_specifiers("Sae_Lens==6", "here") == (Pin("sae-lens", "==6"),)


def test_a_pins_file_may_have_comments_hashes_and_continuations() -> None:
    text = "# head\nb==2 \\\n    --hash=sha256:00\n\na==1  # via b\n"
    assert read_pins(text, "f") == (Pin("a", "==1"), Pin("b", "==2"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("a==1\na==2\n", "pinned twice"),
        ("a==\n", "no requirement"),
        ("-e .\n", "no requirement"),
        ("a @ https://example.org/a.whl\n", "address"),
    ],
)
def test_a_bad_pins_file_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        read_pins(text, "pins.txt")


def test_a_bad_line_is_named_by_its_number() -> None:
    with pytest.raises(UsageError, match="line 2") as caught:
        read_pins("a==1\nb===\n", "pins.txt")
    assert caught.value.where == "pins.txt, line 2"


def test_an_overlay_holds_torch_and_requires_the_other_libraries_in_any_version() -> None:
    pins = read_pins("torch==2.13.0\ntransformers==5.23.0\nsae-lens==6.0\nnumpy==2.4.6\n", "f")
    request = overlay("x", pins, (Pin("transformers", "==5.17.0"),), no_downgrade=False)
    assert {str(pin) for pin in request.required} == {
        "transformers==5.17.0",
        "torch==2.13.0",
        "sae-lens",
    }
    assert {str(pin) for pin in request.preferred} == {"sae-lens==6.0", "numpy==2.4.6"}


def test_no_downgrade_bounds_the_libraries_that_are_not_named() -> None:
    pins = read_pins("torch==2.13.0\ntransformers==5.23.0\nsae-lens==6.0\nnumpy==2.4.6\n", "f")
    request = overlay("x", pins, (Pin("transformers", "==5.17.0"),), no_downgrade=True)
    assert "sae-lens>=6.0" in {str(pin) for pin in request.required}


def test_torch_moves_where_the_user_names_it() -> None:
    pins = read_pins("torch==2.13.0\ntransformers==5.23.0\n", "f")
    request = overlay("x", pins, (Pin("torch", "==2.12.0"),), no_downgrade=False)
    assert {str(pin) for pin in request.required} == {"torch==2.12.0", "transformers"}


def test_a_mistyped_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "fixtures/stacks").mkdir(parents=True)
    (tmp_path / "fixtures/stacks/reference.txt").write_text("a==1\n")
    with pytest.raises(UsageError, match="no stack is called 'refrence'") as caught:
        understand("refrence", home=tmp_path)
    assert caught.value.next == "reference"


def test_reasons_name_only_the_bound_that_excludes_what_was_asked() -> None:
    conflict = (Pin("transformer-lens", "==4.3.0"), Pin("sae-lens", "==6.54.12"))
    assert reasons(UV_SAYS, conflict) == ("sae-lens 6.54.12 requires transformer-lens<4",)


def test_reasons_say_and_newer_of_a_range() -> None:
    conflict = (Pin("transformer-lens", "==4.3.0"), Pin("sae-lens", ">=6.54.12"))
    assert reasons(UV_SAYS, conflict) == ("sae-lens 6.54.12 and newer require transformer-lens<4",)


def test_a_sentence_s_full_stop_is_no_part_of_a_bound() -> None:
    assert reasons("Because a==1 depends on b<2.0.", ()) == ("a 1 requires b<2",)


def test_uv_s_labels_are_cut() -> None:
    words = plain(UV_SAYS)
    assert words.startswith("Because sae-lens>=6.54.12 depends on transformer-lens")
    assert "cause:" not in words
    assert "\n" not in words


def test_the_smallest_conflict_is_found_among_bystanders() -> None:
    pins = tuple(Pin(name, "==1") for name in "abcdef")
    clash = {Pin("b", "==1"), Pin("e", "==1")}
    assert set(smallest_conflict(pins, lambda some: not clash <= set(some))) == clash


def test_a_conflict_of_one_is_one() -> None:
    pins = (Pin("a", "==1"), Pin("b", "==1"))
    assert smallest_conflict(pins, lambda some: pins[1] not in some) == (pins[1],)


def test_moves_compare_versions_not_text() -> None:
    old = Lock("old", (("a", "1.9"), ("b", "2.0"), ("c", "1.0"), ("same", "3")))
    new = Lock("new", (("a", "1.10"), ("b", "1.0"), ("d", "1.0"), ("same", "3")))
    assert moves(old, new) == (
        Move("a", "1.9", "1.10", went_back=False),
        Move("b", "2.0", "1.0", went_back=True),
        Move("c", "1.0", None, went_back=False),
        Move("d", None, "1.0", went_back=False),
    )


def test_pip_s_index_settings_reach_uv_unless_uv_has_its_own() -> None:
    pip = {"PIP_FIND_LINKS": "/w /v", "PIP_INDEX_URL": "https://pip.example"}
    assert environment(pip)["UV_FIND_LINKS"] == "/w,/v"
    assert environment(pip)["UV_DEFAULT_INDEX"] == "https://pip.example"
    own = environment({**pip, "UV_FIND_LINKS": "/u", "UV_INDEX_URL": "https://uv.example"})
    assert own["UV_FIND_LINKS"] == "/u"
    assert "UV_DEFAULT_INDEX" not in own


@pytest.mark.parametrize(
    ("argument", "next"),
    [
        ("transformers=5.1", '"transformers==5.1"'),
        ("transformers=<5.1", '"transformers<=5.1"'),
        ("transformers===5.1", '"transformers==5.1"'),
        ("transformers==5.1 transformers<5", '"transformers==5.1,<5"'),
        ("torch @ https://example.org/torch.whl", "UV_FIND_LINKS"),
    ],
)
def test_a_specifier_that_is_none_is_answered_with_one_that_is(argument: str, next: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_specifiers(argument, "stack argument")
    assert next in caught.value.next
    assert caught.value.allowed


def test_a_version_after_a_space_is_answered_with_a_specifier(tmp_path: Path) -> None:
    (tmp_path / "fixtures" / "stacks").mkdir(parents=True)
    with pytest.raises(UsageError) as caught:
        understand("transformers 5.1", home=tmp_path)
    assert caught.value.next.startswith('"transformers==5.1"')


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bench.csv", "comparison,baseline,candidate\n1,old,new\n"),
        ("gate.json", '{"format": 1}\n'),
        ("pyproject.toml", '[project]\nname = "mine"\n'),
    ],
)
def test_a_file_of_another_kind_is_told_apart_from_pins_with_a_slip(
    tmp_path: Path, name: str, text: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        understand(str(file), home=tmp_path)
    error = caught.value
    assert error.what == f"a {file.suffix} file without pins is no stack"
    assert error.where == str(file)
    assert "one `name==version` a line" in error.allowed
    assert '"name==version"' in error.allowed
    assert error.next.startswith("pip freeze > pins.txt")


def test_pins_are_read_whatever_their_file_is_called(tmp_path: Path) -> None:
    file = tmp_path / "pins.lock"
    file.write_text("alpha==1.0\n")
    assert {str(pin) for pin in understand(str(file), home=tmp_path).required} == {"alpha==1.0"}
    file = tmp_path / "pins.txt"
    file.write_text("alpha=1.0\n")
    with pytest.raises(UsageError, match=r"'alpha=1\.0' is no requirement"):
        understand(str(file), home=tmp_path)


def test_a_missing_file_of_pins_is_answered_with_one_of_a_like_name(tmp_path: Path) -> None:
    (tmp_path / "candidate.txt").write_text("alpha==1.0\n")
    with pytest.raises(UsageError, match="does not exist") as caught:
        understand(str(tmp_path / "candidat.txt"), home=tmp_path)
    assert caught.value.next == str(tmp_path / "candidate.txt")
