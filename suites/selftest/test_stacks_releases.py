"""The releases of a package, from folders of wheels and from an index on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from package_index import HTML, PackageIndex, package_index
from wheels import make_endless_source, make_wheel

from harness import stacks
from harness.stacks import list_releases
from harness.stacks.indexes import read_indexes
from harness.stacks.listings import JSON
from harness.stacks.uv import default_index
from harness.vocabulary.errors import ExitCode
from harness.vocabulary.releases import Fit, PackageReleases


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    monkeypatch.setattr("harness.stacks.pages._LONGEST_WAIT", 0.01)
    with package_index() as served:
        yield served


def ask(index: PackageIndex, package: str = "alpha", **variables: str) -> PackageReleases:
    return list_releases(package, {"UV_DEFAULT_INDEX": index.address, **variables})


def html(*anchors: str) -> tuple[str, str]:
    body = "".join(f"<a {anchor}>x</a><br/>\n" for anchor in anchors)
    return HTML, f"<!DOCTYPE html><html><body>{body}</body></html>"


def wheel(version: str, more: str = "", tag: str = "py3-none-any") -> str:
    return f'href="../../files/alpha-{version}-{tag}.whl#sha256=0123" {more}'


def age(cache: Path, seconds: float = 86400) -> None:
    """Have every page that is kept look as if it were asked for so long before."""
    for file in cache.glob("releases/*.json"):
        kept = json.loads(file.read_text())
        file.write_text(json.dumps({**kept, "asked": kept["asked"] - seconds}))


def test_a_folder_of_wheels_has_releases_in_the_order_of_versions(tmp_path: Path) -> None:
    for version in ("1.9", "1.10", "1.10rc1", "1.2"):
        make_wheel(tmp_path / "wheels", "al-pha", version)
    make_wheel(tmp_path / "wheels", "al-pha-more", "7.0")
    found = list_releases(
        "Al_Pha",
        {"UV_FIND_LINKS": str(tmp_path / "wheels"), "UV_DEFAULT_INDEX": tmp_path.as_uri()},
    )
    assert [release.version for release in found.releases] == ["1.2", "1.9", "1.10rc1", "1.10"]
    assert {release.fit for release in found.releases} == {Fit.WHEEL}
    assert (found.package, found.places) == ("al-pha", (str(tmp_path / "wheels"),))
    assert found.as_of is None


def test_an_index_in_html_tells_what_is_yanked_and_when_it_came(index: PackageIndex) -> None:
    index.pages["/simple/alpha/"] = html(
        wheel("1.0", 'data-upload-time="2024-01-02T03:04:05Z" data-requires-python="&gt;=3.8"'),
        wheel("1.1", 'data-yanked="eats &amp; shoots"'),
        wheel("1.2", "data-yanked"),
        'href="alpha-1.3.exe"',
    )
    one, two, three = ask(index).releases
    assert one.uploaded is not None
    assert one.uploaded.isoformat() == "2024-01-02T03:04:05+00:00"
    assert (one.yanked, one.requires_python) == (False, ">=3.8")
    assert (two.yanked, two.yanked_because) == (True, "eats & shoots")
    assert (three.yanked, three.yanked_because) == (True, "")


def test_an_index_in_json_says_the_same(index: PackageIndex) -> None:
    said = {
        "meta": {"api-version": "1.1"},
        "name": "alpha",
        "files": [
            {
                "filename": "alpha-1.0-py3-none-any.whl", "hashes": {}, "url": "x",
                "requires-python": None, "upload-time": "2024-01-02T03:04:05.5Z",
            },
            {"filename": "alpha-1.1-py3-none-any.whl", "url": "x", "yanked": "eats"},
            {"filename": "alpha-1.2-py3-none-any.whl", "url": "x", "yanked": True},
            {"filename": "alpha-1.3-py3-none-any.whl", "url": "x", "yanked": False},
        ],
    }  # fmt: skip
    index.pages["/simple/alpha/"] = (JSON, json.dumps(said))
    found = ask(index).releases
    assert found[0].uploaded is not None
    assert found[0].uploaded.microsecond == 500000
    assert [(r.yanked, r.yanked_because) for r in found] == [
        (False, ""), (True, "eats"), (True, ""), (False, ""),
    ]  # fmt: skip


def test_what_does_not_install_here_says_why(index: PackageIndex) -> None:
    index.pages["/simple/alpha/"] = html(
        wheel("1.0", 'data-requires-python="&lt;3"'),
        wheel("1.1", tag="cp27-cp27m-win32"),
        wheel("1.2", tag="cp27-cp27m-win32"),
        'href="alpha-1.2.tar.gz"',
        wheel("1.3", tag="cp27-cp27m-win32"),
        wheel("1.3"),
    )
    found = ask(index).by_version
    assert [found[f"1.{minor}"].fit for minor in range(4)] == [
        Fit.NONE, Fit.NONE, Fit.SOURCE, Fit.WHEEL,
    ]  # fmt: skip
    assert found["1.0"].unfit.startswith("requires Python <3, and this is 3.")
    assert found["1.1"].unfit == "no wheel for this platform and interpreter, and no source"
    assert (found["1.2"].unfit, found["1.3"].unfit) == ("", "")


def test_a_release_is_yanked_when_all_that_installs_here_is(index: PackageIndex) -> None:
    index.pages["/simple/alpha/"] = html(
        wheel("1.0", 'data-yanked="broken"'),
        wheel("1.0", tag="cp27-cp27m-win32"),
        wheel("1.1", 'data-yanked="broken"', tag="cp27-cp27m-win32"),
        wheel("1.1"),
    )
    assert [release.yanked for release in ask(index).releases] == [True, False]


def test_a_page_is_asked_for_once_while_the_index_says_it_is_fresh(index: PackageIndex) -> None:
    index.headers["Cache-Control"] = "max-age=3600"
    index.pages["/simple/alpha/"] = html(wheel("1.0"))
    assert ask(index) == ask(index)
    assert index.answered == [200]


def test_an_old_page_is_asked_whether_it_changed(index: PackageIndex, tmp_path: Path) -> None:
    index.headers["ETag"] = '"first"'
    index.pages["/simple/alpha/"] = html(wheel("1.0"))
    ask(index)
    age(tmp_path / "cache")
    assert [release.version for release in ask(index).releases] == ["1.0"]
    assert ask(index).stale == ""
    assert index.answered == [200, 304]
    index.headers["ETag"] = '"second"'
    index.pages["/simple/alpha/"] = html(wheel("1.0"), wheel("1.1"))
    age(tmp_path / "cache")
    assert [release.version for release in ask(index).releases] == ["1.0", "1.1"]


def test_an_index_that_went_away_leaves_its_last_answer_and_says_so(
    index: PackageIndex, tmp_path: Path
) -> None:
    index.pages["/simple/alpha/"] = html(wheel("1.0"))
    first = ask(index)
    age(tmp_path / "cache")
    index.refuses = [500]
    again = ask(index, UV_HTTP_RETRIES="0")
    assert again.releases == first.releases
    assert again.stale == "HTTP 500 Internal Server Error"
    assert again.as_of is not None
    assert first.as_of is not None
    assert 86390 < (first.as_of - again.as_of).total_seconds() < 86410


def test_without_a_network_only_what_is_known_is_told(index: PackageIndex, tmp_path: Path) -> None:
    with pytest.raises(stacks.IndexUnreachable, match="UV_OFFLINE") as caught:
        ask(index, UV_OFFLINE="1")
    assert caught.value.exit_code == ExitCode.INCONCLUSIVE
    assert caught.value.next.startswith("unset UV_OFFLINE this once: ")
    index.pages["/simple/alpha/"] = html(wheel("1.0"))
    ask(index)
    age(tmp_path / "cache")
    offline = ask(index, UV_OFFLINE="1")
    assert (len(offline.releases), offline.stale) == (1, "no network is allowed (UV_OFFLINE)")
    assert len(index.asked) == 1


def test_an_index_that_is_busy_is_asked_again(index: PackageIndex) -> None:
    index.pages["/simple/alpha/"] = html(wheel("1.0"))
    index.refuses = [503, 429]
    assert len(ask(index).releases) == 1
    assert index.answered == [503, 429, 200]


def test_an_index_that_does_not_answer_is_no_evidence(tmp_path: Path, index: PackageIndex) -> None:
    with pytest.raises(stacks.IndexUnreachable, match=r"127\.0\.0\.1:9") as caught:
        list_releases(
            "alpha", {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/index", "UV_HTTP_RETRIES": "0"}
        )
    advised = "check the connection, or name an index within reach in UV_DEFAULT_INDEX"
    assert caught.value.next == advised


def test_a_page_that_is_no_listing_is_no_evidence(index: PackageIndex) -> None:
    index.pages["/simple/alpha/"] = (JSON, '{"files": [{"name": "x"}]}')
    with pytest.raises(stacks.IndexUnreachable, match="PEP 691"):
        ask(index)
    index.pages["/simple/beta/"] = (JSON, '{"meta": {"api-version": "2.0"}, "files": []}')
    with pytest.raises(stacks.IndexUnreachable, match=r"version 2\.0"):
        ask(index, "beta")


def test_a_package_that_nobody_has_is_unknown(index: PackageIndex, tmp_path: Path) -> None:
    with pytest.raises(stacks.UnknownPackage, match="'nonesuch'") as caught:
        ask(index, "nonesuch", UV_FIND_LINKS=str(tmp_path))
    assert index.address in caught.value.where
    assert str(tmp_path) in caught.value.where


def test_the_first_index_that_has_a_package_counts_unless_all_are_asked_for(
    index: PackageIndex,
) -> None:
    index.pages["/simple/alpha/"] = html(wheel("1.0"))
    index.pages["/mine/alpha/"] = html(wheel("2.0"))
    mine = index.address.replace("/simple", "/mine")
    assert [r.version for r in ask(index, UV_INDEX=f"ours={mine}").releases] == ["2.0"]
    both = ask(index, UV_INDEX=f"ours={mine}", UV_INDEX_STRATEGY="unsafe-best-match")
    assert [r.version for r in both.releases] == ["1.0", "2.0"]
    index.pages["/simple/beta/"] = html('href="beta-1.0-py3-none-any.whl"')
    assert ask(index, "beta", UV_INDEX=mine).places == (index.address,)


def test_settings_of_pip_serve_where_uv_has_none(index: PackageIndex, tmp_path: Path) -> None:
    index.pages["/simple/alpha/"] = html(wheel("1.0"))
    make_wheel(tmp_path / "wheels", "alpha", "1.0+local")
    variables = {"PIP_INDEX_URL": index.address, "PIP_FIND_LINKS": str(tmp_path / "wheels")}
    found = list_releases("alpha", variables)
    assert [release.version for release in found.releases] == ["1.0", "1.0+local"]


def test_a_password_goes_to_its_index_alone_and_is_written_nowhere(
    index: PackageIndex, tmp_path: Path
) -> None:
    index.pages["/elsewhere/alpha/"] = html(wheel("1.0"))
    index.moved["/simple/alpha/"] = index.address.replace("simple", "elsewhere") + "/alpha/"
    login = index.address.replace("//", "//user:se%40cret@")
    found = list_releases("alpha", {"UV_DEFAULT_INDEX": login})
    assert found.places == (index.address,)
    (_, first), (_, second) = index.asked
    assert first["Authorization"] == "Basic dXNlcjpzZUBjcmV0"
    assert "Authorization" not in second
    index.refuses = [401]
    with pytest.raises(stacks.IndexUnreachable, match="user and password") as caught:
        list_releases("beta", {"UV_DEFAULT_INDEX": login})
    assert "cret" not in str(caught.value)
    written = "".join(path.read_text() for path in (tmp_path / "cache").rglob("*.json"))
    assert "alpha-1.0" in written
    assert "cret" not in written


def test_a_page_kept_in_half_is_asked_for_again(index: PackageIndex, tmp_path: Path) -> None:
    index.pages["/simple/alpha/"] = html(wheel("1.0"))
    ask(index)
    (kept,) = (tmp_path / "cache" / "releases").glob("*.json")
    kept.write_text(kept.read_text()[:-20])
    assert len(ask(index).releases) == 1
    assert index.answered == [200, 200]


def test_a_source_archive_in_a_folder_is_a_release(tmp_path: Path) -> None:
    make_endless_source(tmp_path, "alpha", "1.0", tmp_path / "never")
    (release,) = list_releases(
        "alpha", {"UV_FIND_LINKS": str(tmp_path), "UV_DEFAULT_INDEX": tmp_path.as_uri()}
    ).releases
    assert release.fit is Fit.SOURCE


def test_an_index_may_lie_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "simple" / "alpha").mkdir(parents=True)
    (tmp_path / "simple" / "alpha" / "index.html").write_text(html(wheel("1.0"))[1])
    found = list_releases("alpha", {"UV_DEFAULT_INDEX": (tmp_path / "simple").as_uri()})
    assert [release.version for release in found.releases] == ["1.0"]


def test_a_page_is_fresh_for_ten_minutes_where_the_index_is_silent(
    index: PackageIndex, tmp_path: Path
) -> None:
    index.pages["/simple/alpha/"] = html(wheel("1.0"))
    ask(index)
    age(tmp_path / "cache", 590)
    ask(index)
    assert len(index.asked) == 1
    age(tmp_path / "cache", 20)
    ask(index)
    assert len(index.asked) == 2


def test_a_page_that_must_not_be_kept_is_asked_for_every_time(index: PackageIndex) -> None:
    index.headers["Cache-Control"] = "no-cache"
    index.pages["/simple/alpha/"] = html(wheel("1.0"))
    ask(index)
    ask(index)
    assert index.answered == [200, 200]


def test_where_no_variable_names_an_index_uv_is_asked_for_its_own(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index that uv names is the one of its variable: there it can be known beforehand."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.address)
    assert default_index() == index.address
    assert read_indexes({}, default_index).registries == (index.address,)
    assert read_indexes({"UV_DEFAULT_INDEX": "https://a"}, default_index).registries == (
        "https://a",
    )


def test_of_a_folder_of_wheels_that_cannot_be_read_the_variable_is_told_that_names_it(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "nowhere"
    variables = {"UV_FIND_LINKS": str(folder), "UV_DEFAULT_INDEX": tmp_path.as_uri()}
    with pytest.raises(stacks.IndexUnreachable, match=f"{folder}: No such file") as caught:
        list_releases("alpha", variables)
    assert caught.value.next == "name folders that can be read in UV_FIND_LINKS"
