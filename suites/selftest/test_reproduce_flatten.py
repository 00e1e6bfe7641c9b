"""Cutting code out of a project: the text computes what the project computes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.reproduce.closure import Closure
from harness.reproduce.errors import Unflattenable
from harness.reproduce.flatten import flatten
from harness.reproduce.modules import Place, Sources

HELPERS = '''
import json
import os.path as paths
from collections import Counter as Bag

LIMIT = 3
"""How many."""
TABLE = {"a": 1}
TABLE["b"] = LIMIT
UNUSED = json.dumps("never")


def many(text: str, most: int = LIMIT) -> list[str]:
    """The most common letters."""
    return [letter for letter, _ in Bag(text).most_common(most)]  # noqa: X1


def value(name: str) -> str:
    return f"{paths.basename(name)} has {TABLE.get(name, LIMIT)}"


class Base:
    def __init__(self, size: int) -> None:
        self.size: int = size


def unused() -> None: ...
'''
PACKAGE = "from suites.inner.helpers import many as common\n"
TEST = """\
from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suites.inner import common, helpers
from suites.inner import helpers as tools

if TYPE_CHECKING:
    from nowhere import Size

LIMIT = "another limit"


@dataclass
class Grown(tools.Base):
    size: Size
    factor: int = tools.LIMIT


@functools.cache
def once(text: str) -> str:
    from suites.inner.helpers import value

    found: str = value(text)
    return found


def result() -> object:
    many = 7  # a local name that the project has at the top of a file
    letters = [LIMIT for LIMIT in helpers.many("abracadabra")]
    sized = (lambda TABLE: TABLE * many)(2)
    return [letters, common("xyxx"), sized, once("a"), LIMIT, Grown(5).factor, tools.TABLE]
"""
PROJECT = {
    "suites/inner/__init__.py": PACKAGE,
    "suites/inner/helpers.py": HELPERS,
    "suites/test_it.py": TEST,
}


def flat(files: Mapping[str, str], name: str = "result") -> str:
    closure = Closure(Sources(files.get))
    closure.add(Place("suites.test_it", name))
    found = flatten(closure, {})
    texts = [text for _, text in found.definitions]
    return "\n".join(["from __future__ import annotations", *found.imports, "\n\n".join(texts)])


def answer(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_text_alone_computes_what_the_project_does(tmp_path: Path) -> None:
    project, empty = tmp_path / "project", tmp_path / "empty"
    for path, text in PROJECT.items():
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    empty.mkdir()
    expected = answer("from suites.test_it import result\nprint(result())", project)
    assert "abr" in expected.replace("', '", "")
    assert answer(f"{flat(PROJECT)}\n\nprint(result())", empty) == expected


def test_only_what_is_used_is_there_and_its_comments_for_linters_and_annotations_are_not() -> None:
    text = flat(PROJECT)
    assert "unused" not in text.lower()
    assert "noqa" not in text
    assert "-> list" not in text
    assert "import suites" not in text
    assert "from suites" not in text
    assert '"""How many."""' in text


def test_two_things_of_one_name_get_two() -> None:
    text = flat(PROJECT)
    assert text.count("LIMIT = 3") == 1
    assert text.count('LIMIT_of_test_it = "another limit"') == 1
    assert text.count("\nLIMIT = ") == 1


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def result(): return missing", "missing in suites.test_it is defined nowhere"),
        ("from suites import nowhere\ndef result(): return nowhere.x", "suites.nowhere"),
        (
            "from suites.inner import helpers\ndef result(): return print(helpers)",
            "suites.inner.helpers is handed on as a value",
        ),
    ],
)
def test_what_cannot_be_followed_is_refused_with_the_reason(source: str, why: str) -> None:
    with pytest.raises(Unflattenable, match=why):
        flat(PROJECT | {"suites/test_it.py": source})


def test_its_own_file_becomes_its_place_below_the_folder_of_the_script() -> None:
    source = "from pathlib import Path\ndef result(): return Path(__file__).with_name('x.txt').name"
    given = Path("harness/standalone/given.py").read_text(encoding="utf-8")
    files = Path("harness/standalone/files.py").read_text(encoding="utf-8")
    standalone = {"harness/standalone/given.py": given, "harness/standalone/files.py": files}
    assert 'Path(home() / "suites/test_it.py")' in flat({"suites/test_it.py": source} | standalone)
