"""What is asked of a search for blame and makes no sense, told before anything is run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from miniature import Answer, Miniature, modules
from wheels import make_wheel

SUITE = """
from harness.plugin import requires

@requires("engine")
def test_size(observe):
    import engine
    observe.exact("size", engine.size)
"""
SIZE = "machines/test_machine.py::test_size"


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    """An engine of two releases; nothing of it is built, unless a test fails."""
    mini = make_miniature()
    for version, size in (("1.0", 10), ("1.1", 11)):
        source = modules("engine", f"size = {size}\n")
        make_wheel(mini.wheelhouse, "engine", version, modules=source)
    mini.stack("reference", "engine==1.1")
    mini.suite("machines/test_machine.py", SUITE)
    return mini


def refused(answer: Answer) -> str:
    """What a command says that is refused as wrong usage; one error, and no more."""
    assert answer.code == 2, answer.err
    assert "Traceback" not in answer.err
    return answer.err


@pytest.mark.parametrize(
    ("package", "next"),
    [
        ("engine==1.1", "harness bisect engine --bad 1.1 …"),
        ("Engine >= 1.0, == 1.1", "harness bisect Engine --bad 1.1 …"),
        ("engine[fast]", "harness bisect engine …"),
        ("", "harness bisect PACKAGE …"),
    ],
)
def test_a_bisection_takes_the_name_of_a_package_alone(
    world: Miniature, package: str, next: str
) -> None:
    said = refused(world.run("bisect", package, "--behaviour", SIZE))
    assert said.startswith(f"harness: {package!r} is not the name of a package\n")
    assert said.endswith(f"  next:    {next}\n")


def test_of_a_package_that_the_index_does_not_know_near_ones_of_the_stack_are_named(
    world: Miniature,
) -> None:
    said = refused(world.run("bisect", "Enigne", "--behaviour", SIZE))
    assert "the package index has no package 'enigne'\n" in said
    assert "  allowed: a package of the index, as engine of reference\n" in said
    assert said.endswith("  next:    harness bisect engine …\n")


def test_a_package_that_nothing_is_near_to_may_be_on_another_index(world: Miniature) -> None:
    said = refused(world.run("bisect", "zzz", "--behaviour", SIZE))
    assert said.endswith("or name the index that has it in UV_INDEX\n")
