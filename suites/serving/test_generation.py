"""Serving on a GPU: what runs only where one is, with the library that serves."""

from __future__ import annotations

from harness.plugin import documents, needs, requires

PROMPT = "The capital of France is"
SUBJECT = "smollm2-135m-instruct"


@documents("vllm.serving", "install.vllm")
@needs(subject=SUBJECT)
@requires("vllm")
def test_vllm_generates_what_the_prompt_asks_for(cuda, subject, observe):
    from vllm import LLM, SamplingParams

    engine = LLM(model=str(subject.directory), gpu_memory_utilization=0.3, enforce_eager=True)
    [answer] = engine.generate([PROMPT], SamplingParams(temperature=0.0, max_tokens=8))
    text = observe.exact("text", answer.outputs[0].text)
    observe.claim("vllm.serving", text, holds=bool(text.strip()))


@needs(subject=SUBJECT)
@requires("sglang")
def test_sglang_generates_what_the_prompt_asks_for(cuda, subject, observe):
    import sglang

    engine = sglang.Engine(model_path=str(subject.directory))
    try:
        answer = engine.generate(PROMPT, {"temperature": 0, "max_new_tokens": 8})
    finally:
        engine.shutdown()
    assert observe.exact("text", answer["text"]).strip()


@needs(subject=SUBJECT)
@requires("tensorrt-llm")
def test_tensorrt_llm_generates_what_the_prompt_asks_for(cuda, subject, observe):
    from tensorrt_llm import LLM, SamplingParams

    engine = LLM(model=str(subject.directory))
    answer = engine.generate(PROMPT, SamplingParams(temperature=0.0, max_tokens=8))
    assert observe.exact("text", answer.outputs[0].text).strip()


@requires("flash-attn", "torch")
def test_flash_attention_agrees_with_torchs_own(cuda):
    import torch
    from flash_attn import flash_attn_func

    generator = torch.Generator().manual_seed(0)
    q, k, v = (
        torch.randn(1, 64, 4, 32, generator=generator).to("cuda", torch.float16) for _ in range(3)
    )
    ours = flash_attn_func(q, k, v, causal=True)
    heads = [x.transpose(1, 2) for x in (q, k, v)]
    theirs = torch.nn.functional.scaled_dot_product_attention(*heads, is_causal=True)
    torch.testing.assert_close(ours, theirs.transpose(1, 2), atol=2e-3, rtol=2e-3)
