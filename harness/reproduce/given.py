"""What a script is given of its change, as Python: the text of `harness/standalone/given.py`."""

from __future__ import annotations

import base64
import json
import lzma
import pprint
import textwrap
from collections.abc import Mapping
from typing import Any

from harness.reproduce.expectation import Expectation
from harness.reproduce.modules import Place
from harness.vocabulary.cells import Cell
from harness.vocabulary.subjects import Subject

MODULE = "harness.standalone.given"
READABLE = 2500
"""Characters of expected values up to which they stand in the script as they are."""


def module(cell: Cell, subject: Subject | None, digest: str, expected: Expectation) -> str:
    """Everything but BASELINE and FILES, which follow from the rest of the script."""
    values = literal(dict(expected.values))
    parts = {
        "BASELINE": "{}",
        "ENDS": literal(expected.ends),
        "EXPECTED": _packed(expected.values) if len(values) > READABLE else values,
        "ALLOWED": literal(dict(expected.allowed)),
        "FILES": "{}",
        "CELL": literal((cell.subject, cell.precision, cell.device)),
        "ENTRY": _entry(subject, digest) if subject is not None else "SimpleNamespace()",
    }
    lines = [f"{name} = {value}\n" for name, value in parts.items()]
    return f"{_IMPORTS}\n" + "\n".join(lines)


_IMPORTS = """\
import base64
import json
import lzma
from types import SimpleNamespace
"""


def filled(place: Place, baseline: Mapping[str, str], files: Mapping[str, bytes]) -> str | None:
    """The text of a definition that follows from the rest; None for any other.

    `baseline`: the versions that differ; `files`: what is brought along, by path below home.
    """
    if place == Place(MODULE, "BASELINE"):
        return f"BASELINE = {literal(dict(baseline))}"
    if place == Place(MODULE, "FILES"):
        return f"FILES = {_files(files)}"
    return None


def literal(value: Any) -> str:
    """`value` as Python, in lines of at most 96 characters where it can be."""
    return pprint.pformat(value, width=96, sort_dicts=False, compact=True)


def pack(data: bytes) -> str:
    return base64.b64encode(lzma.compress(data, preset=9)).decode()


def _packed(values: Mapping[str, Any]) -> str:
    """An expression of values that are too long to be read."""
    packed = pack(json.dumps(dict(values)).encode())
    return f"json.loads(lzma.decompress(base64.b64decode{text(packed)}))"


def text(packed: str) -> str:
    """A long text over lines, in parentheses."""
    return "\n".join(["(", *(f'    "{line}"' for line in textwrap.wrap(packed, 90)), ")"])


def _files(files: Mapping[str, bytes]) -> str:
    if not files:
        return "{}"
    entries = [f"{json.dumps(name)}: {text(pack(data))}," for name, data in files.items()]
    return "\n".join(["{", textwrap.indent("\n".join(entries), "    "), "}"])


def _entry(subject: Subject, digest: str) -> str:
    """The subject's entry, with the folder that the harness's cache has it in."""
    final = subject.converted or subject.files
    fields = {
        "name": subject.name,
        "architecture": subject.architecture,
        "source": subject.source,
        "format": subject.format,
        "abilities": sorted(subject.abilities),
        "pattern": subject.pattern,
        "package": f"{subject.package}=={subject.version}",
        "package_sha256": subject.package_sha256,
        "folder": f"{subject.name}-{digest[:12]}",
        "origins": {file.origin: file.name for file in subject.files},
        "files_read": {file.name: file.sha256 for file in final},
    }
    lines = [
        f"    {name}={textwrap.indent(literal(value), '    ').lstrip()},"
        for name, value in fields.items()
    ]
    return "\n".join(["SimpleNamespace(", *lines, ")"])
