"""A home folder with a tiny stack, and an index of wheels made on the spot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from wheels import make_wheel

from harness import cli

REFERENCE = ("alpha==1.0", "beta==1.0", "gamma==1.0")


def make_home(
    directory: Path, monkeypatch: pytest.MonkeyPatch, reference: tuple[str, ...] = REFERENCE
) -> Path:
    """A home whose reference is `reference`, a cache of its own, and an index folder `wheels`.

    alpha 1.0 and 2.0; beta 1.0 and 1.1 want alpha below 2, beta 0.9 takes any; gamma 1.0
    and 2.0 stand alone.
    """
    home = directory / "home"
    for part in ("suites", "snapshots", "fixtures/stacks"):
        (home / part).mkdir(parents=True)
    (home / "fixtures/stacks/reference.txt").write_text("\n".join(reference) + "\n")
    index = directory / "wheels"
    for version in ("1.0", "2.0"):
        make_wheel(index, "alpha", version)
        make_wheel(index, "gamma", version)
    make_wheel(index, "beta", "0.9", ["alpha"])
    make_wheel(index, "beta", "1.0", ["alpha<2"])
    make_wheel(index, "beta", "1.1", ["alpha<2"])
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "UV_INDEX", "UV_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_FIND_LINKS", str(index))
    # An index without packages; uv has no variable that says "no index".
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.as_uri())
    monkeypatch.setenv("UV_CACHE_DIR", str(directory / "uv-cache"))
    monkeypatch.setenv("HARNESS_HOME", str(home))
    monkeypatch.setenv("HARNESS_CACHE", str(directory / "cache"))
    return home


def command(home: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run `harness stacks` with these arguments; its exit code, and what it wrote as JSON."""
    file = home / "answer.json"
    file.unlink(missing_ok=True)
    code = cli.main(["stacks", *arguments, "--json", str(file)])
    return code, json.loads(file.read_text()) if file.is_file() else {}
