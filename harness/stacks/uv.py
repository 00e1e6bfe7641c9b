"""Calling uv, which resolves and installs: the only place that starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from uv import find_uv_bin

FROM_PIP: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("PIP_FIND_LINKS", ("UV_FIND_LINKS",)),
    ("PIP_INDEX_URL", ("UV_DEFAULT_INDEX", "UV_INDEX_URL")),
)
"""What pip's settings become where uv has none of its own (the first uv name is set)."""


_finding = threading.Lock()


def _binary() -> str:
    """Where uv lies. One thread at a time: CPython 3.11 fills sysconfig's variables unguarded."""
    with _finding:
        return str(find_uv_bin())


@dataclass(frozen=True)
class Ran:
    """How a call of uv ended: exit status, output, and what it said on standard error."""

    status: int
    output: str
    said: str


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """`inherited` with pip's index settings handed to uv, and without colours."""
    variables = dict(inherited)
    for theirs, ours in FROM_PIP:
        if inherited.get(theirs) and not any(inherited.get(name) for name in ours):
            variables[ours[0]] = ",".join(inherited[theirs].split())
    variables["NO_COLOR"] = "1"
    variables.pop("FORCE_COLOR", None)
    variables.pop("CLICOLOR_FORCE", None)
    return variables


def call(arguments: Sequence[str], heard: Callable[[str], None] | None = None) -> Ran:
    """Run `uv ARGUMENTS` to its end; each line of its standard error also goes to `heard`."""
    process = subprocess.Popen(
        [_binary(), *arguments],
        env=environment(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    said: list[str] = []

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if heard is not None:
                heard(line.rstrip())

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        assert process.stdout is not None
        output = process.stdout.read()
        status = process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    listener.join()
    return Ran(status, output, "".join(said))


def default_index() -> str:
    """The address of the index that uv asks where no variable names one; empty if it has none."""
    asked = ("--emit-index-url", "--no-header", "--quiet", "--offline", "--python", sys.executable)
    for line in call(["pip", "compile", "-", *asked]).output.splitlines():
        option, _, address = line.partition(" ")
        if option == "--index-url":
            return address.strip()
    return ""
