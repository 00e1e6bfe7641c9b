"""Released weights from the hub's cache of this machine, their bytes checked."""

from __future__ import annotations

import re
from pathlib import Path

from harness.subjects.hashing import check_file
from harness.vocabulary.errors import NoEvidence, UsageError
from harness.vocabulary.released import cached_file, is_cached, read_releases

_WEIGHTS = ".safetensors"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def released(name: str, home: Path) -> Path:
    """The folder with the files of an entry of `fixtures/released.toml`.

    Nothing is fetched. Raises UsageError for a name without an entry, NoEvidence where the
    hub's cache lacks a file, SubjectError where one has other bytes than the entry says, or
    weights other than those the cache files them as.
    """
    releases = read_releases(home)
    if name not in releases:
        raise UsageError(f"no released weights are called {name!r}", allowed=", ".join(releases))
    release = releases[name]
    if not is_cached(release):
        raise NoEvidence(
            f"the weights of {release.repository} are only on the hub, not in its cache here",
            next=release.command,
        )
    paths = [cached_file(release.repository, release.revision, each) for each in release.files]
    next = f"remove {paths[0].parent}, then {release.command}"
    for path in paths:
        known = release.sha256.get(path.name)
        if known is None and path.suffix == _WEIGHTS:
            known = _filed_under(path, release.repository, next)
        if known is not None:
            check_file(path, known, name, next)
    return paths[0].parent


def _filed_under(path: Path, repository: str, next: str) -> str:
    """The sha256 by which the hub knows a large file: the cache names its blob so."""
    blob = path.resolve().name
    if _SHA256.fullmatch(blob):
        return blob
    raise NoEvidence(
        f"the weights of {repository} lie in the hub's cache without the sha256 they are filed by",
        where=str(path),
        allowed="a link to blobs/<sha256>, as huggingface_hub makes it",
        next=next,
    )
