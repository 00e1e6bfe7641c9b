"""The stacks of their own: beside which transformers each resolves, and why those that don't."""

from __future__ import annotations

import pytest

from harness.plugin import tier

pytestmark = tier("quick")


@pytest.mark.parametrize("name", ["vllm", "sglang", "garak", "easyjailbreak", "outlines"])
def test_it_resolves_beside_transformers_5(resolutions, observe, name):
    asked = resolutions[f"{name} with transformers 5"]
    assert asked["resolves"]
    watched = (name, "transformers", "torch")
    observe.exact("pins", {pin: asked["pins"][pin] for pin in watched if pin in asked["pins"]})


@pytest.mark.parametrize("name", ["circuit-tracer", "text-generation"])
def test_it_resolves_only_without_transformers_5(resolutions, observe, name):
    assert resolutions[name]["resolves"]
    refused = resolutions[f"{name} with transformers 5"]
    assert not refused["resolves"]
    observe.exact("why", refused["why"])


@pytest.mark.parametrize("name", ["text-generation-server", "tensorrt-llm"])
def test_it_does_not_resolve_from_the_public_index(resolutions, observe, name):
    assert not resolutions[name]["resolves"]
    observe.exact("why", resolutions[name]["why"])


def test_flash_attn_resolves_before_it_builds(resolutions, observe):
    assert resolutions["flash-attn"]["resolves"]
    observe.exact("pin", resolutions["flash-attn"]["pins"]["flash-attn"])
