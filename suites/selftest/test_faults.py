"""How a fault gets into a library, and what holds of the list of faults."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

from harness.commands.written import written_behaviours
from harness.faults import KINDS, FaultError, Patch, all_faults, fault, fault_named
from harness.gate.selection import may_match
from harness.vocabulary.errors import UsageError
from harness.vocabulary.places import home

PATCH = Patch("gizmo.bent")


class Gizmo:
    """A library's class as faults meet it."""

    def double(self, number: int, offset: int = 0) -> int:
        """Twice the number."""
        return number * 2 + offset

    @staticmethod
    def half(number: float) -> float:
        return number / 2

    @classmethod
    def called(cls) -> str:
        return cls.__name__

    @property
    def size(self) -> int:
        return 3


class Larger(Gizmo):
    def double(self, number: int, offset: int = 0) -> int:
        return super().double(number, offset) + 100


@pytest.fixture
def gizmo() -> type[Gizmo]:
    """A fresh class each time, whose functions are not those of another test."""
    namespace: dict[str, object] = dict(vars(Gizmo))
    namespace["double"] = types.FunctionType(Gizmo.double.__code__, globals(), "double", (0,))
    return type("Fresh", (), namespace)


def test_a_replaced_name_is_replaced_where_other_modules_took_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    maker, user = types.ModuleType("gizmo_maker"), types.ModuleType("gizmo_user")
    maker.turn = user.turn = lambda: "right"  # type: ignore[attr-defined]
    user.twist = maker.turn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gizmo_maker", maker)
    monkeypatch.setitem(sys.modules, "gizmo_user", user)
    PATCH.replace(maker, "turn", lambda: "left")
    assert (maker.turn(), user.turn()) == ("left", "left")
    assert user.twist() == "right", "another name may mean another thing"


def test_what_wraps_keeps_name_signature_and_document(gizmo: type[Gizmo]) -> None:
    import inspect

    before = inspect.signature(gizmo.double)
    PATCH.wrap(gizmo, "double", lambda original: lambda self, *args: original(self, *args) + 1)
    assert gizmo().double(4) == 9
    assert inspect.signature(gizmo.double) == before
    assert gizmo.double.__name__ == "double"


def test_static_and_class_methods_and_properties_stay_what_they_are(gizmo: type[Gizmo]) -> None:
    PATCH.wrap(gizmo, "half", lambda original: lambda number: original(number) + 1)
    PATCH.wrap(gizmo, "called", lambda original: lambda cls: original(cls).upper())
    PATCH.wrap(gizmo, "size", lambda original: lambda self: original(self) + 1)
    assert (gizmo.half(4), gizmo().half(4)) == (3, 3)
    assert gizmo.called() == "FRESH"
    assert gizmo().size == 4


def test_an_edit_reaches_those_who_took_the_function_before() -> None:
    taken = Larger.double
    PATCH.edit(Larger, "double", "+ 100", "+ 1000")
    try:
        assert taken(Larger(), 2, offset=1) == 1005
    finally:
        PATCH.edit(Larger, "double", "+ 1000", "+ 100")


@pytest.mark.parametrize(
    ("install", "what"),
    [
        (lambda: PATCH.replace(Gizmo, "triple", None), "no attribute 'triple'"),
        (lambda: PATCH.wrap(sys, "triple", lambda original: original), "no attribute 'triple'"),
        (lambda: PATCH.replace(int, "bit_length", None), "cannot be set"),
        (lambda: PATCH.edit(Gizmo, "double", "number * 3", "0"), "0 times in its source"),
        (lambda: PATCH.edit(Gizmo, "double", "number", "0"), "3 times in its source"),
        (lambda: PATCH.edit(int, "bit_length", "1", "2"), "not a function written in Python"),
        (lambda: PATCH.module("gizmo_that_is_not"), "no module gizmo_that_is_not"),
        (lambda: PATCH.item({}, "key", lambda original: original), "no entry 'key'"),
    ],
)
def test_what_cannot_be_put_in_is_an_error_that_names_the_fault(install, what) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(FaultError) as caught:
        install()
    assert what in str(caught.value)
    assert "gizmo.bent" in str(caught.value)


def test_an_error_tells_the_version_of_the_library() -> None:
    from importlib import metadata

    with pytest.raises(FaultError) as caught:
        PATCH.replace(pytest, "nothing_of_that_name", None)
    assert f"pytest {metadata.version('pytest')}" in caught.value.where


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"id": "gizmo.x", "library": "gizmo"}, "no library under test"),
        ({"id": "rope", "library": "torch"}, "does not begin with torch."),
        ({"id": "torch.x", "library": "torch", "kind": "odd"}, "unknown kind 'odd'"),
        ({"id": "torch.x", "library": "torch", "sees": ()}, "lacks why or sees"),
    ],
)
def test_an_entry_that_is_wrong_is_refused(entry: dict[str, str], problem: str) -> None:
    usual = {"kind": "mask", "why": "it hurts", "sees": ("a.py",)}
    with pytest.raises(ValueError, match=problem):
        fault(**{**usual, **entry})(lambda patch: None)  # type: ignore[arg-type]


def test_listing_the_faults_imports_no_library_under_test() -> None:
    code = (
        "import sys; from harness.faults import all_faults; assert all_faults();"
        "print([n for n in ('torch', 'transformers', 'tokenizers', 'numpy') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_there_are_at_least_eighty_faults_each_with_an_id_of_its_own() -> None:
    faults = all_faults()
    assert len({each.id for each in faults}) == len(faults) >= 80
    assert {each.kind for each in faults} <= set(KINDS)


def test_every_fault_is_shown_to_behaviours_that_there_are() -> None:
    written = written_behaviours(home())
    assert written
    blind = {
        (each.id, expression)
        for each in all_faults()
        for expression in each.sees
        if not any(may_match(test, expression.partition("@")[0]) for test in written)
    }
    assert blind == set()


def test_an_unknown_fault_is_refused_with_what_comes_near() -> None:
    with pytest.raises(UsageError, match=r"near: transformers\.rope-base"):
        fault_named("transformers.rope-bas")
    with pytest.raises(UsageError, match=r"transformers\.rope-base"):
        fault_named("rope-base")
