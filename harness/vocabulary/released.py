"""Released weights that documents quote: which they are, and where the hub's cache has them."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Release:
    """A repository of the hub at a commit; `sha256` of those files whose bytes are known."""

    name: str
    repository: str
    revision: str
    files: tuple[str, ...]
    sha256: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """What brings the files into the hub's cache."""
        files = " ".join(self.files)
        return f"hf download {self.repository} {files} --revision {self.revision}"


def read_releases(home: Path) -> dict[str, Release]:
    """The entries of `fixtures/released.toml` by name; none where there is no such file."""
    path = home / "fixtures" / "released.toml"
    if not path.is_file():
        return {}
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: Release(
            name,
            entry["repository"],
            entry["revision"],
            tuple(entry["files"]),
            entry.get("sha256", {}),
        )
        for name, entry in entries.items()
    }


def hub_cache() -> Path:
    """Where huggingface_hub keeps what it downloads ("Understand caching" in its documents)."""
    base = Path(os.environ.get("HF_HOME") or "~/.cache/huggingface").expanduser()
    return Path(os.environ.get("HF_HUB_CACHE") or base / "hub").expanduser()


def cached_file(repository: str, revision: str, name: str) -> Path:
    """Where a file of a commit lies in the hub's cache, if it is there.

    Also under the name without an owner, by which the hub's oldest repositories still go.
    """
    names = (repository.replace("/", "--"), repository.rpartition("/")[2])
    places = [hub_cache() / f"models--{each}" / "snapshots" / revision / name for each in names]
    return next((place for place in places if place.is_file()), places[0])


def is_cached(release: Release) -> bool:
    """Whether every file of `release` lies in the hub's cache; looks only."""
    return all(
        cached_file(release.repository, release.revision, name).is_file() for name in release.files
    )
