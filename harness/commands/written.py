"""The tests of the suites as they are written: read as text, nothing is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from harness.gate.selection import Written

_LEFT_OUT = frozenset({"selftest", "__pycache__", "build", "dist"})
_VARY = re.compile(
    r"\bparams\s*=|pytest_generate_tests|pytestmark\s*=\s*(\[[^\]]*|[^\n\[]*)parametrize"
)
"""What gives parameters to tests whose own text does not name any."""


def written_behaviours(home: Path) -> tuple[Written, ...]:
    """Every test of `home`'s suites, in the order of files and lines.

    Empty where a file cannot be read as Python: what it has is then not known.
    """
    suites = home / "suites"
    try:
        texts = _texts(suites)
        shared = any(_VARY.search(text) for file, text in texts.items() if _is_shared(file))
        return tuple(
            written
            for file, text in texts.items()
            if file.name.startswith("test_") or file.name.endswith("_test.py")
            for written in _tests(
                ast.parse(text).body,
                file.relative_to(suites).as_posix(),
                shared or bool(_VARY.search(text)),
            )
        )
    except (OSError, SyntaxError, ValueError):
        return ()


def required_packages(home: Path) -> frozenset[str]:
    """The packages that tests of `home`'s suites say they call, where their names are written out.

    Empty where a file cannot be read as Python.
    """
    try:
        trees = [ast.parse(text) for text in _texts(home / "suites").values()]
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    given = (part for call in calls if _called(call) == "requires" for part in call.args)
    return frozenset(
        part.value
        for part in given
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )


def _called(call: ast.Call) -> str:
    """The last name of what is called: `requires` of `pytest.mark.requires(…)` too."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _texts(suites: Path) -> dict[Path, str]:
    files = [file for file in sorted(suites.rglob("*.py")) if _is_inside(file.relative_to(suites))]
    return {file: file.read_text(encoding="utf-8") for file in files}


def _is_inside(path: Path) -> bool:
    return not any(part in _LEFT_OUT or part.startswith(".") for part in path.parts)


def _is_shared(file: Path) -> bool:
    return file.name == "conftest.py"


def _tests(body: list[ast.stmt], prefix: str, all_vary: bool) -> Iterator[Written]:
    """The tests that these statements bind, whatever they stand in."""
    for statement in body:
        for name in _names(statement):
            if name.startswith("test"):
                yield Written(f"{prefix}::{name}", all_vary or _varies(statement))
        if isinstance(statement, ast.ClassDef):
            yield from _tests(
                statement.body, f"{prefix}::{statement.name}", all_vary or _varies(statement)
            )
        elif isinstance(statement, ast.If | ast.Try | ast.With):
            orelse = getattr(statement, "orelse", [])
            yield from _tests([*statement.body, *orelse], prefix, all_vary)


def _names(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.ImportFrom):
        return [alias.asname or alias.name for alias in statement.names]
    return []


def _varies(statement: ast.stmt) -> bool:
    """Whether the test's own text gives it parameters, or does not tell."""
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return True
    return any("parametrize" in ast.unparse(each) for each in statement.decorator_list)
