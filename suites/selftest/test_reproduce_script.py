"""What a script consists of: the parts that its one case needs, the files, the versions."""

from __future__ import annotations

import ast
import base64
import lzma
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.reproduce import Asked, Installed, Project, Script, Stack, Unflattenable, script
from harness.vocabulary.blame import Change
from harness.vocabulary.cells import Cell
from harness.vocabulary.records import Outcome
from harness.vocabulary.stacks import Lock
from harness.vocabulary.subjects import File, Subject
from harness.vocabulary.verdicts import Verdict

ROOT = Path(__file__).resolve().parents[2]
SUITE = """
import pytest
from suites.part.tools import Bag, CASES, FOLDER, ROWS

@pytest.mark.parametrize(("group", "case"), [("one", "a"), ("two", "b")])
def test_case(group, case, bag, observe):
    observe.exact("answer", CASES[group][case](bag))
    observe.exact("rows", [ROWS[key] for key in ROWS])

def test_of_a_folder(observe):
    observe.exact("text", (FOLDER / "a.txt").read_text())
    observe.exact("folder", sorted(file.name for file in FOLDER.iterdir()))

def test_of_the_subject(tokenizer, observe):
    observe.exact("ids", tokenizer.encode("a"))
"""
CONFTEST = """
import pytest
from suites.part.tools import Bag

@pytest.fixture
def bag():
    return Bag("x")

@pytest.fixture(autouse=True)
def always(bag, request):
    bag.path = request.path.name
    yield
    bag.path = ""
"""
TOOLS = """
from harness.vocabulary.places import home

class Bag:
    def __init__(self, name):
        self.name = name

    def open(self):
        return self.look()

    def look(self):
        return 1

    def idle(self):
        return self.never()

    def never(self):
        return 2

CASES = {
    "one": {"a": lambda bag: bag.open(), "other": lambda bag: 7},
    "two": {"b": lambda bag: bag.idle()},
}
FOLDER = home() / "fixtures" / "folder"
ROWS = {"a": "kept", "b": "kept, too"}
"""
PROJECT = {
    "suites/part/test_part.py": SUITE,
    "suites/part/conftest.py": CONFTEST,
    "suites/part/tools.py": TOOLS,
}
CASE = "part/test_part.py::test_case[one-a]"
OF_SUBJECT = "part/test_part.py::test_of_the_subject"


def written(
    behaviour: str = CASE,
    cell: Cell = Cell("gizmo"),  # noqa: B008
    subject: Subject | None = None,
    parameters: Mapping[str, str] | None = None,
    more: Mapping[str, bytes] | None = None,
) -> Script:
    """The script of a change from gizmo 1.0 with an old part to gizmo 2.0+cpu with a new one."""
    files = {path: text.encode() for path, text in PROJECT.items()} | dict(more or {})

    def content(path: str) -> bytes | None:
        if path.startswith("harness/"):
            return (ROOT / path).read_bytes() if (ROOT / path).is_file() else None
        return files.get(path)

    def text(path: str) -> str | None:
        data = content(path)
        return None if data is None else data.decode()

    def below(path: str) -> tuple[str, ...]:
        return tuple(file for file in files if file.startswith(f"{path}/"))

    change = Change(
        behaviour,
        cell.id,
        Verdict.BROKEN,
        Outcome(behaviour, cell.id, "held"),
        Outcome(behaviour, cell.id, "raised", "KeyError: 'a'"),
    )
    old = {"gizmo": "1.0", "old-part": "0.1", "beside": "3"}
    new = {"gizmo": "2.0+cpu", "new-part": "0.2", "beside": "3", "pytest": "9", "tiktoken": "1"}
    gives = {"gizmo": "gizmo", "pytest": "pytest", "tiktoken": "tiktoken"}
    return script(
        Asked(change, cell, subject, "0123456789abcdef", dict(parameters or {})),
        _stack(old, gives, {"gizmo": ("old-part",)}),
        _stack(new, gives, {"gizmo": ("new-part",)}),
        Project(text, content, below),
        "3.11",
    )


def _stack(
    versions: Mapping[str, str], gives: Mapping[str, str], needs: Mapping[str, tuple[str, ...]]
) -> Stack:
    return Stack(Lock("stack", tuple(sorted(versions.items()))), Installed(versions, gives, needs))


PARAMETERS = {"group": "'one'", "case": "'a'"}


def names(text: str) -> set[str]:
    """What a script's top level and its classes define."""
    return {
        node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)
    } | {
        target.id
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def test_of_a_table_only_the_case_of_the_parameters_is_there() -> None:
    text = written(parameters=PARAMETERS).text
    assert "CASES = {'one': {'a': lambda bag: bag.open()}}" in text
    assert 'ROWS = {"a": "kept", "b": "kept, too"}' in text  # read in another way as well


def test_of_a_class_only_the_methods_that_are_called_are_there() -> None:
    found = names(written(parameters=PARAMETERS).text)
    assert {"open", "look", "__init__"} <= found
    assert not {"idle", "never"} & found


def test_fixtures_are_made_in_order_and_ended_those_of_every_test_too() -> None:
    text = written(parameters=PARAMETERS).text
    body = text.partition("def run(observe, stack):")[2].partition("\n\n\n")[0]
    assert body.splitlines()[2:] == [
        "    group = 'one'",
        "    case = 'a'",
        "    bag = make_bag()",
        '    always_request = Request("suites/part/test_part.py", None)',
        "    always = stack.enter_context(contextmanager(make_always)(bag, always_request))",
        "    test_case(group, case, bag, observe)",
    ]


def test_the_versions_are_the_candidates_and_the_baselines_stand_where_they_differ() -> None:
    text = written(parameters=PARAMETERS).text
    assert '# dependencies = [\n#     "gizmo==2.0",\n#     "new-part==0.2",\n# ]' in text
    assert "BASELINE = {'gizmo': '1.0', 'new-part': '', 'old-part': '0.1'}" in text


def test_a_script_is_python_that_a_reader_can_start_from_the_header_alone() -> None:
    found = written(parameters=PARAMETERS)
    assert found.name == "test-case-one-a-gizmo.py"
    assert (ast.get_docstring(ast.parse(found.text)) or "").startswith(CASE)


def vocabulary(source: str = "bundled", sha256: str = "0" * 64) -> Subject:
    return Subject(
        "words",
        "words_base",
        source,  # type: ignore[arg-type]
        "tiktoken",
        frozenset({"tokenizer"}),
        pattern=".",
        package="words",
        version="1.0",
        package_sha256=sha256,
        files=(File("tokenizers/words.tiktoken", "words", sha256),),
    )


def test_a_small_file_of_a_bundled_subject_comes_along() -> None:
    data = b"YQ== 0\n" * 5
    more = {"fixtures/tokenizers/words.tiktoken": data}
    text = written(OF_SUBJECT, Cell("words"), vocabulary(), more=more).text
    files = text.partition("FILES = ")[2].partition("\n\n\n")[0]
    ((name, packed),) = ast.literal_eval(files).items()
    assert name == "subject/words"
    assert lzma.decompress(base64.b64decode(packed)) == data


@pytest.mark.parametrize(("size", "names"), [(10, ["a.txt", "b.txt"]), (200_000, ["a.txt"])])
def test_a_small_folder_comes_along_whole_and_of_a_large_one_what_the_code_names(
    size: int, names: list[str]
) -> None:
    more = {"fixtures/folder/a.txt": b"a", "fixtures/folder/b.txt": b"b" * size}
    text = written("part/test_part.py::test_of_a_folder", more=more).text
    files = ast.literal_eval(text.partition("FILES = ")[2].partition("\n\n\n")[0])
    assert list(files) == [f"fixtures/folder/{name}" for name in names]


def test_the_files_of_a_wheel_are_fetched_by_their_sha256() -> None:
    text = written(OF_SUBJECT, Cell("words"), vocabulary("wheel", "f" * 64)).text
    assert "package='words==1.0'" in text
    assert "folder='words-0123456789ab'" in text
    assert "_fetch" in names(text)


@pytest.mark.parametrize("source", ["path", "hub"])
def test_a_subject_that_only_the_user_has_is_refused(source: str) -> None:
    with pytest.raises(Unflattenable, match="its subject"):
        written(OF_SUBJECT, Cell("words"), vocabulary(source))


def test_a_large_file_is_refused_by_its_size() -> None:
    data = random.Random(7).randbytes(700_000)
    with pytest.raises(Unflattenable, match=r"it reads 0\.7 MB of the project's files"):
        written(
            OF_SUBJECT,
            Cell("words"),
            vocabulary(),
            more={"fixtures/tokenizers/words.tiktoken": data},
        )


def test_a_behaviour_that_is_no_function_at_the_top_of_its_file_is_refused() -> None:
    with pytest.raises(Unflattenable, match="no function at the top"):
        written("part/test_part.py::TestGroup::test_it")
