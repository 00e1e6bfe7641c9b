"""Which releases lie between two ends."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.blame.releases import anchors, between
from harness.running.blaming_releases import searched
from harness.vocabulary.errors import UsageError
from harness.vocabulary.releases import Fit, PackageRelease, PackageReleases


@dataclass(frozen=True)
class Listed:
    version: str
    yanked: str | None = None


def listed(text: str) -> list[Listed]:
    return [Listed(version) for version in text.split()]


def test_releases_come_in_the_order_of_their_versions() -> None:
    span = between("lib", listed("5.10.0 5.9.1 5.2.0 5.9.0 4.57.6 6.0.0"), "5.2.0", "5.10.0")
    assert span.versions == ("5.2.0", "5.9.0", "5.9.1", "5.10.0")
    assert span.skipped == ()


def test_a_change_by_going_back_is_searched_from_newer_to_older() -> None:
    span = between("lib", listed("1.0 1.1 1.2 1.3"), "1.2", "1.0")
    assert span.versions == ("1.2", "1.1", "1.0")


def test_yanked_releases_are_skipped_and_said_unless_they_are_an_end() -> None:
    releases = [
        Listed("1.0"),
        Listed("1.1", "wrong wheel"),
        Listed("1.2", ""),
        Listed("1.3", "bad"),
    ]
    span = between("lib", releases, "1.0", "1.3")
    assert span.versions == ("1.0", "1.3")
    assert span.skipped == (("1.1", "yanked: wrong wheel"), ("1.2", "yanked"))


def test_pre_releases_take_part_only_if_asked_for() -> None:
    releases = listed("1.0 1.1rc1 1.1.dev3 1.1 1.2")
    assert between("lib", releases, "1.0", "1.2").versions == ("1.0", "1.1", "1.2")
    assert between("lib", releases, "1.0", "1.2").skipped == (
        ("1.1.dev3", "a pre-release"),
        ("1.1rc1", "a pre-release"),
    )
    asked = between("lib", releases, "1.0", "1.2", pre=True)
    assert asked.versions == ("1.0", "1.1.dev3", "1.1rc1", "1.1", "1.2")


def test_pre_releases_take_part_if_an_end_is_one() -> None:
    assert between("lib", listed("1.0 1.1a1 1.1a2 1.1rc1"), "1.0", "1.1rc1").versions == (
        "1.0",
        "1.1a1",
        "1.1a2",
        "1.1rc1",
    )


def test_ends_stand_as_they_were_asked_for_whatever_the_index_lists() -> None:
    assert between("lib", listed("1.0.0 1.1.0 nonsense"), "1.0", "1.2+local").versions == (
        "1.0",
        "1.1.0",
        "1.2+local",
    )


def test_one_release_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"lib 1\.0 and 1\.0\.0 are one release"):
        between("lib", [], "1.0", "1.0.0")


def test_what_is_no_version_is_refused() -> None:
    with pytest.raises(UsageError, match="'newest' is no version of lib"):
        between("lib", [], "1.0", "newest")


def test_anchors_are_the_first_releases_of_minors() -> None:
    assert anchors(["5.0.1", "5.0.2", "5.1.0", "5.1.1", "6.0.0"]) == ("5.0.1", "5.1.0", "6.0.0")


def test_of_one_minor_every_release_is_an_anchor() -> None:
    assert anchors(["0.2.1", "0.2.2", "0.2.3"]) == ("0.2.1", "0.2.2", "0.2.3")


def test_what_does_not_install_here_is_left_out_and_said_whatever_else_it_is() -> None:
    new_python = "requires Python >=4, and this is 3.13"
    releases = (
        PackageRelease("1.0", Fit.WHEEL),
        PackageRelease("1.1", Fit.NONE, unfit=new_python),
        PackageRelease("1.2", Fit.NONE, yanked=True, yanked_because="bad", unfit=new_python),
        PackageRelease("1.3rc1", Fit.NONE, unfit=new_python),
        PackageRelease("1.3", Fit.SOURCE),
    )
    found = searched(PackageReleases("lib", releases, ()), "1.0", "1.3")
    assert found.releases == ("1.0", "1.3")
    assert dict(found.skipped) == {
        "1.1": new_python,
        "1.2": "yanked: bad",
        "1.3rc1": "a pre-release",
    }
