"""Scripts for the changes of a gate in the miniature world, run from an empty folder by uv."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import uv
from miniature import Answer, Miniature, modules
from wheels import make_wheel

from harness.vocabulary.reproducers import COULD_NOT_RUN, SHOWS, SHOWS_NOT

OLD = """
IDS = [1, 2, 3]
LOGITS = [[1.0, 2.0], [3.0, 4.0]]
SIZES = {"small": 1, "large": 9}
def teeth():
    try:
        import spring
    except ImportError:
        return "none without a spring"
    return 12
def removed(text): return text
def parts(text): return text.split()
def leaves(): return 0
def dies(): return 0
"""
NEW = """
IDS = [1, 2, 4]
LOGITS = [[1.0, 2.0], [3.0, 4.5]]
SIZES = {"small": 1, "large": 10}
def teeth():
    try:
        import spring
    except ImportError:
        return "none without a spring"
    return 13
def parts(text): return text.split(" ")
def leaves(): raise SystemExit(1)
def dies():
    import os
    os._exit(1)
"""
CONFTEST = '''
import pytest
from suites.gizmo.words import TEXT

@pytest.fixture
def gizmo():
    """The library."""
    import gizmo
    return gizmo

@pytest.fixture
def opened(gizmo, work_dir):
    file = work_dir / "text.txt"
    file.write_text(TEXT, encoding="utf-8")
    yield file.open(encoding="utf-8")
    file.unlink()
'''
WORDS = """
from harness.vocabulary.places import home

TEXT = "some  words"
LIST = home() / "fixtures" / "words.txt"

def lines(path=LIST):
    return path.read_text(encoding="utf-8").split()
"""
SUITE = """
import os
import pytest
from harness.plugin import requires
from suites.gizmo import words

pytestmark = requires("gizmo")
SIZES = ("small", "large")

def test_ids(gizmo, observe):
    observe.exact("same", 1)
    observe.exact("ids", gizmo.IDS)
def test_logits(gizmo, observe):
    observe.numeric("logits", gizmo.LOGITS)
@pytest.mark.parametrize("size", SIZES)
def test_size(size, gizmo, observe):
    observe.exact("size", gizmo.SIZES[size])
def test_text_of_a_file(opened, gizmo):
    assert gizmo.removed(opened.read()) == words.TEXT
def test_the_subject(subject, gizmo, observe):
    words = (subject.directory / "data.txt").read_text(encoding="utf-8")
    observe.exact("parts", gizmo.parts(words))
def test_words_of_the_project(gizmo):
    assert gizmo.parts("a  b") == words.lines()
def test_printed(gizmo, capsys, observe):
    print(gizmo.IDS)
    observe.exact("printed", capsys.readouterr().out)
def test_teeth(gizmo, observe):
    observe.exact("teeth", gizmo.teeth())
def test_leaving(gizmo):
    assert gizmo.leaves() == 0
def test_dying(gizmo):
    assert gizmo.dies() == 0
def test_elsewhere(gizmo, observe):
    assert "HARNESS_CACHE" in os.environ
    ids = gizmo.IDS if "PYTEST_CURRENT_TEST" in os.environ else [1, 2, 3]
    observe.exact("ids", ids)
"""


DATA = "c  d"
SUBJECT = """
[words]
architecture = "words_base"
source = "wheel"
format = "tiktoken"
abilities = ["tokenizer"]
package = "words"
version = "1.0"
package_sha256 = "{wheel}"
default = true
files = [{{ origin = "words/data.txt", name = "data.txt", sha256 = "{file}" }}]
"""


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    world = make_miniature()
    for version, source in (("1.0", OLD), ("2.0", NEW)):
        make_wheel(world.wheelhouse, "gizmo", version, ["cog"], modules("gizmo", source))
    # Old packages require in ways that only uv can read.
    make_wheel(world.wheelhouse, "cog", "3.1", ["nuts>=1.* ; extra == 'all'"])
    subject = make_wheel(world.wheelhouse, "words", "1.0", (), {"words/data.txt": DATA})
    (world.home / "fixtures" / "subjects.toml").write_text(
        SUBJECT.format(wheel=digest(subject.read_bytes()), file=digest(DATA.encode()))
    )
    make_wheel(world.wheelhouse, "spring", "1.0", (), modules("spring", ""))
    world.stack("reference", "gizmo==1.0", "cog==3.1", "spring==1.0")
    world.suite("gizmo/conftest.py", CONFTEST)
    world.suite("gizmo/words.py", WORDS)
    world.suite("gizmo/test_gizmo.py", SUITE)
    (world.home / "fixtures" / "words.txt").write_text("a b\n", encoding="utf-8")
    return world


@pytest.fixture(scope="module")
def scripts(world: Miniature) -> Path:
    folder = world.home / "scripts"
    answer = world.gate("--candidate", "gizmo==2.0", "--confirm", "0", "--reproduce", str(folder))
    assert answer.code == 1, answer.err
    return folder


def run(
    world: Miniature, script: Path, empty: Path, *arguments: str, cache: Path | None = None
) -> tuple[int, str]:
    """`uv run script` in an empty folder; its exit code and what it printed.

    With `cache` it has not the harness's, but that folder for what it fetches.
    """
    environment = {**world.environment(), "UV_OFFLINE": "1"}
    del environment["PYTHONPATH"], environment["HARNESS_HOME"]
    if cache is not None:
        del environment["HARNESS_CACHE"]
        environment["XDG_CACHE_HOME"] = str(cache)
        environment.setdefault("UV_CACHE_DIR", UV_CACHE)
    done = subprocess.run(
        [uv.find_uv_bin(), "run", "-q", str(script), *arguments],
        cwd=empty,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


UV_CACHE = subprocess.run(
    [uv.find_uv_bin(), "cache", "dir"], capture_output=True, text=True, check=True
).stdout.strip()

SHOWN = {
    "test-ids-gizmo": "ids[2]\n  expected  3\n  observed  4",
    "test-logits-gizmo": "logits[1][1]\n  expected  4.0\n  observed  4.5",
    "test-size-large-gizmo": "size\n  expected  9\n  observed  10",
    "test-text-of-a-file-gizmo": "expected  held\nobserved  AttributeError",
    "test-words-of-the-project-gizmo": "expected  held\nobserved  failed",
    "test-teeth-gizmo": "teeth\n  expected  12\n  observed  13",
    "test-leaving-gizmo": "expected  held\nobserved  SystemExit: 1",
    "test-the-subject-words": "parts[1]\n  expected  'd'\n  observed  ''",
}


def test_each_change_that_code_alone_shows_has_a_script(scripts: Path) -> None:
    assert {file.stem for file in scripts.glob("*.py")} == SHOWN.keys()


@pytest.mark.parametrize("name", SHOWN)
def test_a_script_shows_the_change_from_an_empty_folder_and_not_under_the_baseline(
    world: Miniature, scripts: Path, tmp_path: Path, name: str
) -> None:
    code, said = run(world, scripts / f"{name}.py", tmp_path)
    assert (code, SHOWN[name] in said, SHOWS in lines(said)) == (1, True, True), said
    code, said = run(world, scripts / f"{name}.py", tmp_path, "--baseline")
    assert (code, SHOWS_NOT in lines(said)) == (0, True), said
    assert list(tmp_path.iterdir()) == []


def lines(said: str) -> list[str]:
    return said.splitlines()


def edited(scripts: Path, folder: Path, old: str, new: str) -> Path:
    """A copy of a script in which something else stands."""
    text = (scripts / "test-ids-gizmo.py").read_text(encoding="utf-8")
    assert old in text
    copy = folder / "script.py"
    copy.write_text(text.replace(old, new), encoding="utf-8")
    return copy


def test_a_failure_of_uv_under_the_candidate_has_none_of_the_lines_of_a_script(
    world: Miniature, scripts: Path, tmp_path: Path
) -> None:
    """Its exit code cannot be told from that of a change that shows."""
    script = edited(scripts, tmp_path, '"gizmo==2.0"', '"gizmo==9.9"')
    code, said = run(world, script, tmp_path)
    assert (code, "No solution found" in said) == (1, True), said
    assert not any(each.startswith((SHOWS, SHOWS_NOT, COULD_NOT_RUN)) for each in lines(said))


def test_a_failure_of_uv_under_the_baseline_is_told_from_a_change_that_shows(
    world: Miniature, scripts: Path, tmp_path: Path
) -> None:
    script = edited(scripts, tmp_path, "'gizmo': '1.0'", "'gizmo': '9.9'")
    code, said = run(world, script, tmp_path, "--baseline")
    assert (code, "could not run: uv ended with exit code 1" in lines(said)) == (2, True), said


def test_a_script_pins_what_it_needs_and_what_that_needs_and_imports_no_harness(
    scripts: Path,
) -> None:
    text = (scripts / "test-ids-gizmo.py").read_text(encoding="utf-8")
    header = text.partition("# ///\n")[0]
    assert '"cog==3.1",' in header
    assert '"gizmo==2.0",' in header
    assert "pytest==" not in header
    assert "BASELINE = {'gizmo': '1.0'}" in text
    assert "import harness" not in text
    assert "from harness import" not in text


def test_a_script_pins_what_a_library_uses_where_it_is_there_and_does_not_require(
    scripts: Path,
) -> None:
    headers = {
        name: (scripts / f"test-{name}-gizmo.py").read_text("utf-8").partition("# ///\n")[0]
        for name in ("teeth", "ids")
    }
    assert '"spring==1.0",' in headers["teeth"]
    assert "spring" not in headers["ids"]


def test_a_script_that_does_not_run_is_told_from_one_that_shows(
    world: Miniature, scripts: Path, tmp_path: Path
) -> None:
    broken = edited(scripts, tmp_path, "    import gizmo", "    import nowhere")
    code, said = run(world, broken, tmp_path)
    assert code == 2
    assert "neither held nor held, but ModuleNotFoundError" in said


@pytest.mark.parametrize("given", [("--basline",), ("--baseline", "2.0"), ("--help",)])
def test_a_script_refuses_what_it_does_not_know_and_shows_nothing(
    world: Miniature, scripts: Path, tmp_path: Path, given: tuple[str, ...]
) -> None:
    code, said = run(world, scripts / "test-ids-gizmo.py", tmp_path, *given)
    (told,) = lines(said)
    assert (code, told) == (
        2,
        f"{COULD_NOT_RUN}it takes --baseline or nothing, not {' '.join(given)}",
    )


def test_a_script_fetches_its_subject_once_and_checks_it(
    world: Miniature, scripts: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    script, empty, cache = scripts / "test-the-subject-words.py", tmp_path / "empty", tmp_path / "c"
    first = run(world, script, empty, cache=cache)
    again = run(world, script, empty, cache=cache)
    assert (first[0], "fetching words==1.0" in first[1]) == (1, True), first[1]
    assert (again[0], "fetching" in again[1]) == (1, False), again[1]
    (file,) = cache.rglob("data.txt")
    file.write_text("damaged", encoding="utf-8")
    with file.open(encoding="utf-8") as read_by_another:
        assert "fetching words==1.0" in run(world, script, empty, cache=cache)[1]
        assert read_by_another.read() == "damaged", "it was written to"
    assert file.read_text(encoding="utf-8") == DATA
    assert [each.name for each in file.parent.iterdir()] == ["data.txt"]


def test_a_change_without_a_script_is_listed_with_its_reason(scripts: Path) -> None:
    told = (scripts / "README.md").read_text(encoding="utf-8")
    assert "8 scripts" in told
    assert "test_printed in gizmo: it asks for capsys, which only a run of pytest has" in told
    assert "test_elsewhere in gizmo: its script does not show the change under the candidate" in (
        told
    )
    assert "test_dying in gizmo: its script does not run under the candidate" in told
    assert f"`{SHOWS}` (1), `{SHOWS_NOT}` (0), or `{COULD_NOT_RUN}…` (2)" in told


def test_where_no_change_has_a_script_nothing_is_said_to_have_been_seen(world: Miniature) -> None:
    folder = world.home / "none"
    asked = ("--candidate", "gizmo==2.0", "--select", "*test_printed", "--reproduce", str(folder))
    assert world.gate(*asked, "--confirm", "0").code == 1
    told = (folder / "README.md").read_text(encoding="utf-8")
    assert "No change from reference to gizmo==2.0 has one." in told
    assert "test_printed in gizmo: it asks for capsys" in told
    assert "were seen" not in told


def test_the_report_names_the_script_beside_the_command(world: Miniature, scripts: Path) -> None:
    folder = world.home / "scripts"
    answer = world.gate("--candidate", "gizmo==2.0", "--confirm", "0", "--reproduce", str(folder))
    script = str(folder / "test-ids-gizmo.py")
    assert answer.behaviour("test_ids")["script"] == script
    assert answer.behaviour("test_printed")["script"] == ""
    assert f"$ uv run {script}" in answer.out.replace("\n", "")


def once_more(world: Miniature, *options: str) -> Answer:
    """The gate whose scripts are there already, and its scripts in another folder."""
    folder = str(world.home / "again")
    asked = ("--candidate", "gizmo==2.0", "--confirm", "0", "--reproduce", folder)
    answer = world.gate(*asked, *options)
    assert "8 scripts" in (world.home / "again" / "README.md").read_text(encoding="utf-8")
    return answer


def seen(world: Miniature) -> set[Path]:
    return set((world.cache / "reproducers").glob("*.json"))


def test_what_a_script_was_seen_to_do_is_of_those_conditions_alone(
    world: Miniature, scripts: Path
) -> None:
    before = seen(world)
    once_more(world)
    assert seen(world) == before != set()
    once_more(world, "--threads", "2")
    assert len(seen(world)) == 2 * len(before)


def test_what_was_kept_of_a_script_and_is_damaged_is_looked_at_again(
    world: Miniature, scripts: Path
) -> None:
    for kept in seen(world):
        kept.write_text("{", encoding="utf-8")
    assert once_more(world).code == 1
    assert any(kept.read_text(encoding="utf-8") != "{" for kept in seen(world))
