"""The examples of accepted changes, in README and in the file itself, as a user copies them."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest
from miniature import ROOT

from harness.commands.accepting import accepted_of, nameable_in
from harness.commands.written import written_behaviours
from harness.gate.selection import matches
from harness.vocabulary.accepted import Accepted

README = ROOT / "README.md"
OWN = ROOT / "fixtures" / "accepted.toml"


def examples() -> Iterator[str]:
    """README's block, and each entry that stands in the file as a comment."""
    yield from re.findall(r"^```toml\n(\[.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
    for block in re.findall(r"^# \[.*\n(?:# .+\n)+", OWN.read_text(), re.MULTILINE):
        yield re.sub(r"^# ", "", block, flags=re.MULTILINE)


EXAMPLES = list(examples())


def test_there_is_one_in_readme_and_there_are_two_in_the_file() -> None:
    assert len(EXAMPLES) == 3


def read(text: str, file: Path) -> Accepted:
    file.write_text(text)
    (entry,) = accepted_of(Namespace(accepted=file), lambda: nameable_in(ROOT))
    return entry


@pytest.mark.parametrize("number", range(3))
def test_an_example_is_accepted_as_it_is_printed(number: int, tmp_path: Path) -> None:
    entry = read(EXAMPLES[number], tmp_path / "own.toml")
    assert f'until = "{entry.until}"' in EXAMPLES[number]


def test_the_pattern_of_readmes_example_names_several_behaviours(tmp_path: Path) -> None:
    entry = read(EXAMPLES[0], tmp_path / "own.toml")
    named = [each.behaviour for each in written_behaviours(ROOT)]
    assert sum(matches(name, entry.named) for name in named) == 5
