"""What the process of a cell is told by its environment, in a real gate."""

from __future__ import annotations

from collections.abc import Callable

from miniature import Miniature, modules
from wheels import make_wheel

SUITE = """
import os
from harness.plugin import requires

@requires("lib")
def test_told(observe):
    import lib
    observe.exact("told", [lib.NUMBER, os.environ.get("GLIBC_TUNABLES")])
"""


def test_a_cell_is_given_large_pages(make_miniature: Callable[[], Miniature]) -> None:
    mini = make_miniature()
    for version, number in (("1.0", 1), ("2.0", 2)):
        source = f"NUMBER = {number}\n"
        make_wheel(mini.wheelhouse, "lib", version, modules=modules("lib", source))
    mini.stack("reference", "lib==1.0")
    mini.suite("lib/test_lib.py", SUITE)
    answer = mini.gate("--candidate", "lib==2.0")
    (told,) = answer.behaviour("test_told")["observations"]
    assert [told["baseline"], told["candidate"]] == [
        [1, "glibc.malloc.hugetlb=1"],
        [2, "glibc.malloc.hugetlb=1"],
    ], answer.out + answer.err
