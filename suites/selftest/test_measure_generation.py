"""Generation measures on a model whose next token is known beforehand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.measure.generation import greedy, new_ids, pad_id, uncached_greedy

torch = pytest.importorskip("torch")


class Counter:
    """After token t comes t + 1, by a lead of 2 over the rest; vocabulary 10."""

    device = "cpu"
    generation_config = SimpleNamespace(pad_token_id=None, eos_token_id=[9, 8])

    def __call__(self, ids, use_cache=False):
        return SimpleNamespace(logits=2.0 * torch.nn.functional.one_hot((ids + 1) % 10, 10).float())

    def generate(self, ids, attention_mask, max_new_tokens, **options):
        logits = []
        for _ in range(max_new_tokens):
            logits.append(self(ids).logits[:, -1])
            ids = torch.cat([ids, logits[-1].argmax(-1, keepdim=True)], dim=1)
        return SimpleNamespace(sequences=ids, logits=tuple(logits))


def test_greedy_gives_new_ids_with_their_gaps():
    found = greedy(Counter(), [3, 4], 3)
    assert found.ids == (5, 6, 7)
    assert found.gaps == (2.0, 2.0, 2.0)
    assert found.scale == 2.0


def test_uncached_greedy_agrees():
    assert uncached_greedy(Counter(), [3, 4], 3) == (5, 6, 7)


def test_the_prompt_is_cut_from_what_generate_returns():
    assert new_ids(torch.tensor([[1, 2, 3, 4]]), [1, 2]) == (3, 4)


def test_the_pad_id_falls_back_to_the_first_end_of_sequence_id():
    assert pad_id(Counter()) == 9


@pytest.mark.parametrize(("pad", "end", "found"), [(4, 2, 4), (None, 2, 2), (None, None, 0)])
def test_the_pad_id_is_the_models_own_first(pad, end, found):
    config = SimpleNamespace(pad_token_id=pad, eos_token_id=end)
    assert pad_id(SimpleNamespace(generation_config=config)) == found
