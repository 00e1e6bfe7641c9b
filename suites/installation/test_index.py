"""What installs beside what, by what the package index said on the day of the record."""

from __future__ import annotations

from datetime import date

import pytest

from harness.plugin import documents, tier

pytestmark = tier("quick")


def quarter(day: str) -> str:
    at = date.fromisoformat(day)
    return f"{at.year}-Q{(at.month + 2) // 3}"


@documents("install.uv-line")
def test_the_five_packages_resolve_and_then_do_not_install(recorded, observe):
    """The dry run sees nothing: flash-attn is built here, and imports torch to be built.

    In earnest under a constraint on the build of torch, which the line does not name.
    """
    installs = recorded("installs")
    dry, earnest = installs["dry-run"], installs["install"]
    observe.claim(
        "install.uv-line",
        {
            "line": earnest["line"],
            "constraint": earnest["held"],
            "dry run exits": dry["exit"],
            "install exits": earnest["exit"],
            "packages installed": earnest["installed"],
            "why": earnest.get("why", ""),
        },
        holds=earnest["exit"] == 0 and earnest["installed"] >= 5,
    )


@documents("install.uv-faster-than-pip")
def test_uv_is_several_times_faster_than_pip(recorded, observe):
    speed = recorded("speed")
    ratio = observe.claim(
        "install.uv-faster-than-pip",
        speed["ratio of medians"],
        holds=10 <= speed["ratio of medians"] <= 100,
    )
    assert ratio > 1


@documents("install.transformers-v5-date")
def test_transformers_5_was_built_in_this_quarter(recorded, observe):
    built = quarter(recorded("releases")["built"]["transformers 5.0.0"])
    observe.claim("install.transformers-v5-date", built, holds=built == "2025-Q1")


@documents("install.flash-attn-pin")
def test_flash_attn_resolves_within_its_pin(recorded, observe):
    from packaging.version import Version

    pins = recorded("resolutions")["pin-set"]["pins"]
    wheels = recorded("releases")["flash-attn wheels"]
    observe.claim(
        "install.flash-attn-pin",
        {"resolves to": pins["flash-attn"], "wheels on the index": wheels},
        holds=Version(pins["flash-attn"]) >= Version("2.6"),
    )


@documents("install.tl-pypi")
def test_transformer_lens_is_on_the_index(recorded, observe):
    asked = recorded("resolutions")["transformer-lens"]
    observe.claim("install.tl-pypi", asked["pins"]["transformer-lens"], holds=asked["resolves"])


@documents("install.tl-git")
def test_the_repository_of_transformer_lens_installs(recorded, observe):
    """Out of a copy of the repository: the line itself needs the repository's host.

    The package by itself, from a tree that lacks the data of its registry of models.
    """
    repository = recorded("repository")
    attempt = repository["install"]
    observe.claim(
        "install.tl-git",
        {
            "commit": repository["commit"][:12],
            "from": attempt["from"],
            "left out": attempt["left out"],
            "with dependencies": attempt["with dependencies"],
            "exit": attempt["exit"],
            "installs": attempt["installed"],
        },
        holds=attempt["exit"] == 0 and attempt["installed"] == ["transformer-lens"],
    )


@documents("install.tl-easytransformer-v1")
def test_no_tag_of_the_repository_is_called_v1(recorded, observe):
    repository = recorded("repository")
    observe.claim(
        "install.tl-easytransformer-v1",
        {
            "refs named v1": repository["refs named v1"],
            "first": repository["first tag of version 1"],
        },
        holds=bool(repository["refs named v1"]),
    )


@documents("install.tl-v3-alpha")
def test_version_3_of_transformer_lens_is_final(recorded, observe):
    from packaging.version import Version

    versions = [Version(text) for text in recorded("releases")["versions"]["transformer-lens"]]
    third = sorted(version for version in versions if version.release[:2] == (3, 0))
    observe.claim(
        "install.tl-v3-alpha",
        {"releases of 3.0": [str(v) for v in third], "newest": str(max(versions))},
        holds=all(version.is_prerelease for version in third),
    )


@documents("install.pin-mech-interp-commit")
def test_public_names_disappear_between_releases(recorded, observe):
    exports = recorded("exports")
    lost = {pair: change for pair, change in exports.items() if isinstance(change, dict)}
    minor = {pair: c["lost"] for pair, c in lost.items() if c["same_major"] and c["lost"]}
    major = {pair: len(c["lost"]) for pair, c in lost.items() if not c["same_major"]}
    observe.claim(
        "install.pin-mech-interp-commit",
        {"names lost in a minor release": minor, "number lost in a major release": major},
        holds=bool(minor),
    )
    assert "HookedTransformer" in lost["transformer-lens 3.9.0 to 4.0.0"]["lost"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("circuit-tracer", marks=documents("install.circuit-tracer")),
        pytest.param("garak", marks=documents("install.garak")),
        pytest.param("easyjailbreak", marks=documents("install.easyjailbreak")),
        pytest.param("vllm", marks=documents("install.vllm")),
        pytest.param("outlines", marks=documents("install.outlines")),
    ],
)
def test_a_tool_of_the_figure_resolves_beside_transformers_5(recorded, observe, name):
    asked = recorded("resolutions")[f"{name} with transformers 5"]
    pins = {pin: asked["pins"][pin] for pin in (name, "transformers")} if asked["resolves"] else {}
    observe.claim(f"install.{name}", pins or asked["why"], holds=asked["resolves"])


@documents("install.nb-transformers")
def test_the_notebooks_three_packages_resolve_together(recorded, observe):
    asked = recorded("resolutions")["notebook"]
    assert asked["asked"] == ["transformers", "pandas", "torch"]
    versions = {name: asked["pins"][name] for name in asked["asked"]}
    observe.claim("install.nb-transformers", versions, holds=asked["resolves"])


@documents("install.nb-transformers-version", "install.nb-torch-version")
def test_the_versions_of_the_notebooks_log_go_together(recorded, observe):
    """Whether a log tells the truth is not to be seen; that its set can be installed is."""
    asked = recorded("resolutions")["notebook log"]
    for package in ("transformers", "torch"):
        observe.claim(
            f"install.nb-{package}-version", asked["pins"][package], holds=asked["resolves"]
        )


@documents("install.nb-tokenizers-bound", "install.nb-hub-bound")
def test_transformers_of_the_notebook_required_these_bounds(recorded, observe):
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    required = recorded("releases")["requires"]
    bounds = {
        version: {
            r.name: r.specifier for r in map(Requirement, required[f"transformers {version}"])
        }
        for version in ("4.53.3", "5.23.0")
    }
    documented = {"tokenizers": ">=0.21,<0.22", "huggingface-hub": ">=0.30.0,<1.0"}
    for package, bound in documented.items():
        observe.claim(
            f"install.nb-{package.removeprefix('huggingface-')}-bound",
            {version: str(found[package]) for version, found in bounds.items()},
            holds=bounds["4.53.3"][package] == SpecifierSet(bound),
        )


@documents("install.bertviz-version")
def test_bertviz_requires_what_its_log_shows(recorded, observe):
    required = recorded("releases")["requires"]["bertviz 1.4.1"]
    shown = {"torch>=1.0", "transformers>=2.0"}
    observe.claim("install.bertviz-version", required, holds=shown <= set(required))


@documents("env.retry.tests-conftest")
def test_the_librarys_own_tests_turn_the_retry_on(recorded, observe):
    repository = recorded("repository")
    calls = repository["tests/conftest.py calls enable_hf_retry"]
    observe.claim("env.retry.tests-conftest", {"calls enable_hf_retry": calls}, holds=calls)
