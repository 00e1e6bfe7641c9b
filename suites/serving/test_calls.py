"""The documented calls of each tool: there, and taking the arguments that its documents show.

Each runs in a stack that has the tool (`fixtures/stacks`), and needs no GPU.
"""

from __future__ import annotations

import inspect

import pytest

from harness.plugin import requires, tier

pytestmark = tier("quick")


def parameters(call) -> set[str]:
    return set(inspect.signature(call).parameters)


@requires("vllm")
def test_vllm_has_an_engine_with_generate():
    from vllm import LLM, SamplingParams

    assert {"model", "dtype", "gpu_memory_utilization"} <= parameters(LLM.__init__)
    assert {"prompts", "sampling_params"} <= parameters(LLM.generate)
    assert SamplingParams(temperature=0.0, max_tokens=4).max_tokens == 4


@requires("sglang")
def test_sglang_has_an_engine_with_generate():
    import sglang

    assert {"prompt", "sampling_params"} <= parameters(sglang.Engine.generate)


@requires("text-generation")
def test_the_client_of_text_generation_inference_generates():
    from text_generation import Client

    assert {"prompt", "max_new_tokens", "do_sample"} <= parameters(Client.generate)
    assert Client("http://localhost:8080").base_url == "http://localhost:8080"


@requires("tensorrt-llm")
def test_tensorrt_llm_has_an_engine_with_generate():
    from tensorrt_llm import LLM

    assert {"inputs", "sampling_params"} <= parameters(LLM.generate)


@requires("flash-attn")
def test_flash_attn_has_the_function_that_transformers_calls():
    from flash_attn import flash_attn_func

    assert {"q", "k", "v", "causal"} <= parameters(flash_attn_func)


@requires("circuit-tracer")
def test_circuit_tracer_attributes_over_a_replacement_model(observe):
    from circuit_tracer import ReplacementModel, attribute

    assert callable(ReplacementModel.from_pretrained)
    observe.exact("parameters", sorted(parameters(attribute)))


@requires("garak")
def test_garak_lists_its_probes(observe):
    from garak import _plugins

    probes = {name for name, _ in _plugins.enumerate_plugins("probes")}
    families = observe.exact("families", sorted({name.split(".")[1] for name in probes}))
    assert "dan" in families


@requires("easyjailbreak")
def test_easyjailbreak_has_its_attackers(observe):
    attackers = pytest.importorskip("easyjailbreak.attacker")
    observe.exact("attackers", sorted(n for n in dir(attackers) if not n.startswith("_")))
