"""Which releases of a package lie between two ends, and which of them a search leaves out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from packaging.version import InvalidVersion, Version

from harness.vocabulary.errors import UsageError


class Listed(Protocol):
    """A release as a package index lists it."""

    @property
    def version(self) -> str: ...

    @property
    def yanked(self) -> str | None:
        """Why it was yanked, maybe in no words; None: it was not."""


@dataclass(frozen=True)
class Span:
    """The releases to search, oldest first, ends included, and those left out with the reason."""

    versions: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


def between(
    package: str, releases: Iterable[Listed], good: str, bad: str, *, pre: bool = False
) -> Span:
    """The releases from `good` to `bad`, either of which may be the older one.

    Pre-releases take part if `pre`, or if an end is one; an end does though it was yanked.
    The order is from `good` to `bad`: from newer to older where the change came by going back.
    Raises UsageError for an end that is no version, and where both are the same.
    """
    ends = [_version(package, end) for end in (good, bad)]
    low, high = sorted(ends)
    if low == high:
        raise UsageError(
            f"{package} {good} and {bad} are one release",
            where="--good, --bad",
            allowed="two different releases",
            next=f"harness bisect {package} --good OLDER --bad NEWER …",
        )
    pre = pre or low.is_prerelease or high.is_prerelease
    kept: dict[Version, str] = {low: "", high: ""}
    skipped: dict[Version, tuple[str, str]] = {}
    for release in releases:
        version = _parsed(release.version)
        if version is None or not low <= version <= high:
            continue
        if version in kept:
            kept[version] = kept[version] or release.version
        elif version.is_prerelease and not pre:
            skipped[version] = (release.version, "a pre-release")
        elif release.yanked is not None:
            why = f"yanked: {release.yanked}" if release.yanked else "yanked"
            skipped[version] = (release.version, why)
        else:
            kept[version] = release.version
    kept |= dict(zip(ends, (good, bad), strict=True))
    backward = ends[0] > ends[1]
    return Span(
        tuple(kept[version] for version in sorted(kept, reverse=backward)),
        tuple(skipped[version] for version in sorted(skipped, reverse=backward)),
    )


def anchors(versions: Sequence[str]) -> tuple[str, ...]:
    """The first release of every minor version, of those in order; all where they are of one.

    Of places that are no versions, as commits are, one in every few: as many as lie between two.
    """
    if any(_parsed(text) is None for text in versions):
        return tuple(versions[:: math.isqrt(len(versions))])
    firsts: dict[tuple[int, int, int], str] = {}
    for text in versions:
        version = Version(text)
        firsts.setdefault((version.epoch, version.major, version.minor), text)
    return tuple(firsts.values()) if len(firsts) > 1 else tuple(versions)


def _parsed(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _version(package: str, text: str) -> Version:
    version = _parsed(text)
    if version is None:
        raise UsageError(
            f"{text!r} is no version of {package}",
            where="--good, --bad",
            allowed="versions such as 5.20.2 or 6.0.0rc1",
            next=f"harness bisect {package} --good OLDER --bad NEWER …",
        )
    return version
