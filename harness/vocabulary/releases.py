"""The releases of a package, as a package index lists them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Fit(StrEnum):
    """What of a release this interpreter on this platform can install."""

    WHEEL = "wheel"
    SOURCE = "source"
    NONE = "none"


@dataclass(frozen=True)
class PackageRelease:
    """One version of a package.

    `uploaded` is when its first file appeared, None where nobody says. `yanked` is what its
    maintainers took back (PEP 592), `yanked_because` their reason, empty where they gave
    none. `unfit` says in words why nothing of it installs here, and is empty otherwise.
    """

    version: str
    fit: Fit
    uploaded: datetime | None = None
    yanked: bool = False
    yanked_because: str = ""
    requires_python: str = ""
    unfit: str = ""


@dataclass(frozen=True)
class PackageReleases:
    """All releases of a package, oldest version first.

    `places` are the indexes and folders that have them. `as_of` is when the index said so,
    None where only folders were read; `stale` says in words why it was not asked again, and
    is empty where the answer is a fresh one.
    """

    package: str
    releases: tuple[PackageRelease, ...]
    places: tuple[str, ...]
    as_of: datetime | None = None
    stale: str = ""

    @property
    def by_version(self) -> dict[str, PackageRelease]:
        return {release.version: release for release in self.releases}
