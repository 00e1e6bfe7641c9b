"""The releases to search, from what a package index lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.blame import releases
from harness.vocabulary.blame import Searched
from harness.vocabulary.releases import Fit, PackageRelease, PackageReleases

Listing = Callable[[str], PackageReleases]
"""All releases of a package. Raises HarnessError where nobody can say."""


@dataclass(frozen=True)
class _Listed:
    """A release as the search for its place takes it."""

    version: str
    yanked: str | None


def searched(
    listing: PackageReleases, good: str, bad: str, *, pre: bool = False, held: Iterable[str] = ()
) -> Searched:
    """The releases from `good` to `bad`, ends included, that install here.

    See `harness.blame.releases.between` for what it leaves out and raises.
    """
    unfit = {each.version: each.unfit for each in listing.releases if _out(each, good, bad)}
    span = releases.between(listing.package, map(_listed, listing.releases), good, bad, pre=pre)
    left_out = ((version, unfit[version]) for version in span.versions if version in unfit)
    return Searched(
        listing.package,
        tuple(version for version in span.versions if version not in unfit),
        (*span.skipped, *left_out),
        tuple(sorted(held)),
        listing.stale,
    )


def _out(release: PackageRelease, good: str, bad: str) -> bool:
    return release.fit is Fit.NONE and release.version not in (good, bad)


def _listed(release: PackageRelease) -> _Listed:
    return _Listed(release.version, release.yanked_because if release.yanked else None)
