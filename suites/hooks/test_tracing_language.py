"""nnsight's traces of a language model: batches of prompts, and steps of a generation."""

from __future__ import annotations

import pytest

from harness.measure import constructed

pytestmark = pytest.mark.requires("nnsight", "torch")


@pytest.fixture
def language(keep):
    """A LanguageModel over a circuit with random weights, a word a token."""

    def make():
        from nnsight import LanguageModel
        from tokenizers import Tokenizer, models, pre_tokenizers
        from transformers import PreTrainedTokenizerFast

        words = Tokenizer(
            models.WordLevel(
                {f"w{index}": index for index in range(constructed.TOKENS)}, unk_token="w0"
            )
        )
        words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="w0", eos_token="w0")
        model = constructed.random_circuit(seed=0)
        model.generation_config.eos_token_id = None
        return LanguageModel(model, tokenizer=tokenizer)

    return keep("traced-language", make)


LONG, SHORT = "w3 w5 w7 w9 w11 w13", "w4 w6"


def test_prompts_of_one_trace_compute_as_each_alone(language):
    """Whatever their lengths: the shorter one is padded."""
    import torch

    def last(text):
        with language.trace(text):
            logits = language.lm_head.output[:, -1].save()
        return logits

    with torch.no_grad():
        with language.trace() as tracer:
            with tracer.invoke(LONG):
                long = language.lm_head.output[:, -1].save()
            with tracer.invoke(SHORT):
                short = language.lm_head.output[:, -1].save()
        expected = [last(LONG), last(SHORT)]
    assert not torch.allclose(expected[0], expected[1], atol=1e-3)
    torch.testing.assert_close(long, expected[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(short, expected[1], rtol=1e-4, atol=1e-5)


def test_an_edit_of_one_prompt_leaves_the_other(language):
    import torch

    with torch.no_grad():
        with language.trace() as tracer:
            with tracer.invoke(LONG):
                language.transformer.h[0].mlp.output[:] = 0
                edited = language.lm_head.output.save()
            with tracer.invoke(LONG):
                plain = language.lm_head.output.save()
        with language.trace(LONG):
            expected = language.lm_head.output.save()
    torch.testing.assert_close(plain, expected, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(edited, expected, atol=1e-4)


def test_a_step_of_a_generation_is_the_step_that_is_named(language):
    """Greedy: the logits of step n are those of the prompt and the n tokens before."""
    import torch

    steps = 4
    options = {"max_new_tokens": steps, "do_sample": False, "use_cache": True}
    visited = []
    with torch.no_grad():
        with language.generate(LONG, **options) as tracer:
            for step in tracer.iter[2]:
                visited.append(step)
                second = language.lm_head.output[:, -1].save()
            ids = tracer.result.save()
        prompt = len(LONG.split())
        logits = language._module(ids[:, : prompt + 2]).logits[:, -1]
    assert visited == [2]
    assert ids.shape == (1, prompt + steps)
    torch.testing.assert_close(second, logits, rtol=1e-3, atol=1e-4)


def test_a_cache_of_a_generation_keeps_every_step(language):
    import torch

    block = language.transformer.h[0]
    with (
        torch.no_grad(),
        language.generate(LONG, max_new_tokens=3, do_sample=False, use_cache=True) as tracer,
    ):
        cache = tracer.cache(modules=[block.mlp])
    lengths = [output.shape[1] for output in cache[block.mlp.path].output]
    assert lengths == [len(LONG.split()), 1, 1]
