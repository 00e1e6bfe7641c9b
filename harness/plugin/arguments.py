"""The plugin's options, and nothing else: the part that every pytest run of an environment sees.

An entry point, since pytest finds its root folder and our conftest.py by the arguments that
are no options: without it, the FILE of `--record FILE` would be taken for a test to collect.
"""

from __future__ import annotations

import pytest

from harness.vocabulary.cells import PRECISIONS
from harness.vocabulary.tiers import DEFAULT, TIERS


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("harness", "behaviours of the libraries under test")
    group.addoption(
        "--subject",
        action="append",
        default=[],
        metavar="NAME[=PATH]",
        help="subject to test, by its name in the registry or as NAME=PATH of a folder; repeatable",
    )
    group.addoption(
        "--subjects-file",
        metavar="FILE",
        help="a registry of your own, beside fixtures/subjects.toml",
    )
    group.addoption(
        "--precision",
        action="append",
        default=[],
        metavar="NAME[,NAME]",
        help=f"precisions to test: {', '.join(PRECISIONS)} (default: all)",
    )
    group.addoption(
        "--device",
        action="append",
        default=[],
        metavar="NAME[,NAME]",
        help="devices to test on: cpu, cuda, cuda:N, mps (default: cpu)",
    )
    group.addoption(
        "--tier",
        choices=TIERS,
        default=DEFAULT,
        help="how much to run: quick, a first answer in under a minute; default; or broad, all",
    )
    group.addoption(
        "--memory-budget",
        default="8GiB",
        metavar="SIZE",
        help="most memory that loaded subjects may take at once, e.g. 4GiB (default: 8GiB)",
    )
    group.addoption("--threads", type=int, help="threads for the libraries (default: one a core)")
    group.addoption(
        "--batch",
        type=int,
        default=1,
        metavar="N",
        help="compute every linear layer as in a batch of N (default: 1); numbers must not care",
    )
    group.addoption("--record", metavar="FILE", help="write the run record there, as JSON Lines")
    group.addoption(
        "--snapshots",
        choices=("assert", "witness"),
        default="assert",
        help="assert: a difference from the snapshot fails (default); witness: it is recorded only",
    )
    group.addoption(
        "--snapshot-dir", metavar="DIR", help="where snapshots lie (default: snapshots/)"
    )
    group.addoption(
        "--fault",
        action="append",
        default=[],
        metavar="ID",
        help="put this fault into its library first (harness sensitivity --list)",
    )
    group.addoption("--cell", metavar="ID", help="run only this cell")
    group.addoption(
        "--behaviours-from", metavar="FILE", help="run only the behaviours whose ids FILE lists"
    )
    group.addoption(
        "--end-at-once",
        action="store_true",
        help="end the process without taking the interpreter apart, as a gate's cells do",
    )
    group.addoption("--list-cells", metavar="FILE", help="write the cells and behaviours, run none")
