"""Generation on a tiny Llama: what documents say of lengths, of order, and of caches."""

from __future__ import annotations

import pytest

from harness.plugin import requires
from harness.subjects.drawn import drawn_folder, read_drawn
from harness.vocabulary.places import home

pytestmark = requires("transformers", "torch")

PROMPT = [[7, 11, 13, 11, 7, 13, 11]]


def tiny_folder(name):
    return drawn_folder(home(), read_drawn(home())[name])


@pytest.fixture
def llama():
    import transformers

    folder = tiny_folder("llama")
    return transformers.AutoModelForCausalLM.from_pretrained(folder)


def generated(model, **options):
    import torch

    prompt = torch.tensor(PROMPT)
    mask = torch.ones_like(prompt)
    found = model.generate(prompt, attention_mask=mask, pad_token_id=0, **options)
    return found if hasattr(found, "sequences") else found[0, prompt.shape[1] :].tolist()


def test_no_end_comes_before_the_least_number_of_new_tokens(llama):
    """The end is the token that greedy decoding would take first."""
    end = generated(llama, do_sample=False, max_new_tokens=1)[0]
    assert generated(llama, do_sample=False, max_new_tokens=8, eos_token_id=end) == [end]
    held_off = generated(
        llama, do_sample=False, max_new_tokens=8, eos_token_id=end, min_new_tokens=4
    )
    assert len(held_off) >= 4
    assert end not in held_off[:4]


def test_the_nucleus_is_cut_from_probabilities_at_the_asked_temperature(llama):
    """By hand on the raw logits: the smallest set whose probability at temperature 5 passes 0.7."""
    import torch

    torch.manual_seed(0)
    options = {"temperature": 5.0, "top_p": 0.7, "top_k": 0, "do_sample": True}
    found = generated(llama, max_new_tokens=1, return_dict_in_generate=True, output_scores=True,
                      output_logits=True, **options)  # fmt: skip
    shares = (found.logits[0][0].double() / 5.0).softmax(-1)
    order = shares.argsort(descending=True)
    before = shares[order].cumsum(-1) - shares[order]
    assert set(found.scores[0][0].isfinite().nonzero().flatten().tolist()) == set(
        order[before < 0.7].tolist()
    )


def test_drafts_looked_up_in_the_prompt_change_no_greedy_token(llama):
    """What the model does not accept of a draft leaves its cache again."""
    plain = generated(llama, do_sample=False, max_new_tokens=16)
    looked_up = generated(llama, do_sample=False, max_new_tokens=16, prompt_lookup_num_tokens=3)
    assert looked_up == plain


def test_a_cropped_cache_goes_on_as_if_it_had_never_been_longer(llama):
    import torch

    ids = torch.tensor(PROMPT)
    with torch.no_grad():
        cache = llama(ids, use_cache=True).past_key_values
        cache.crop(-3)
        assert cache.get_seq_length() == 4
        after = llama(ids[:, 4:], past_key_values=cache).logits
        whole = llama(ids).logits
    torch.testing.assert_close(after, whole[:, 4:], rtol=1e-4, atol=1e-4)


def test_hidden_states_begin_with_the_embeddings_and_are_one_a_layer(llama):
    import torch

    ids = torch.tensor(PROMPT)
    with torch.no_grad():
        states = llama(ids, output_hidden_states=True).hidden_states
        assert len(states) == llama.config.num_hidden_layers + 1
        assert states[0].equal(llama.get_input_embeddings()(ids))
        torch.testing.assert_close(llama.get_output_embeddings()(states[-1]), llama(ids).logits)


@pytest.mark.parametrize("name", ["gpt2", "opt", "llama"])
def test_a_row_padded_on_the_left_is_scored_as_it_is_alone(name):
    """Learned positions, unlike rotary ones, tell whether padding was counted."""
    import torch
    import transformers

    folder = tiny_folder(name)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    options = {"do_sample": False, "max_new_tokens": 4, "min_new_tokens": 4, "pad_token_id": 0,
               "return_dict_in_generate": True, "output_logits": True}  # fmt: skip
    row = torch.tensor(PROMPT)
    padded = torch.nn.functional.pad(row, (5, 0))
    mask = torch.nn.functional.pad(torch.ones_like(row), (5, 0))
    alone = model.generate(row, attention_mask=torch.ones_like(row), **options)
    found = model.generate(padded, attention_mask=mask, **options)
    torch.testing.assert_close(
        torch.cat(found.logits), torch.cat(alone.logits), rtol=1e-4, atol=1e-4
    )
