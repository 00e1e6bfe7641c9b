"""Head scores on attention patterns drawn by hand, and the constructed circuit."""

from __future__ import annotations

import pytest

from harness.measure import constructed, induction

torch = pytest.importorskip("torch")

PERIOD = 3


def _pattern(target):
    """[1, 1, 1, 6, 6]: every query attends wholly to `target(query)`, or to 0 if that is none."""
    pattern = torch.zeros(1, 1, 1, 2 * PERIOD, 2 * PERIOD)
    for query in range(2 * PERIOD):
        pattern[..., query, max(target(query), 0)] = 1
    return pattern


def test_attention_to_the_token_after_the_first_occurrence_scores_one():
    patterns = _pattern(lambda query: query - PERIOD + 1)
    assert induction.induction_scores(patterns, PERIOD).tolist() == [[1.0]]
    assert induction.duplicate_token_scores(patterns, PERIOD).tolist() == [[0.0]]


def test_attention_to_the_position_before_scores_one():
    patterns = _pattern(lambda query: query - 1)
    assert induction.previous_token_scores(patterns).tolist() == [[1.0]]
    assert induction.induction_scores(patterns, PERIOD).tolist() == [[0.0]]


def test_attention_to_the_first_occurrence_is_duplicate_not_induction():
    patterns = _pattern(lambda query: query - PERIOD)
    assert induction.duplicate_token_scores(patterns, PERIOD).tolist() == [[1.0]]
    assert induction.induction_scores(patterns, PERIOD).tolist() == [[0.0]]


def test_uniform_causal_attention_scores_the_mean_of_its_weights():
    ones = torch.ones(6, 6).tril()
    patterns = (ones / ones.sum(-1, keepdim=True))[None, None, None]
    expected = (1 / 4 + 1 / 5 + 1 / 6) / 3
    assert float(induction.induction_scores(patterns, PERIOD)) == pytest.approx(expected)


def test_scores_are_averaged_over_the_batch_and_kept_by_layer_and_head():
    hit, miss = _pattern(lambda query: query - 2), _pattern(lambda query: query)
    layer = torch.cat([torch.cat([hit, miss], 1), torch.cat([miss, miss], 1)], 2)
    scores = induction.induction_scores(torch.cat([layer, layer.flip(2)], 0), PERIOD)
    assert scores.tolist() == [[0.5, 0.0], [0.0, 0.5]]
    assert induction.heads_above(scores, 0.4) == [[0, 0], [1, 1]]


def test_random_tokens_are_distinct_allowed_and_the_same_for_a_seed():
    first = induction.random_tokens(12, 8, 3, seed=5, excluded=[0, 1, 99])
    assert torch.equal(first, induction.random_tokens(12, 8, 3, seed=5, excluded=[0, 1, 99]))
    assert all(len(set(row)) == 8 and min(row) >= 2 for row in first.tolist())
    assert not torch.equal(first, induction.random_tokens(12, 8, 3, seed=6, excluded=[0, 1, 99]))


def test_repeating_gives_each_row_twice():
    assert induction.repeated(torch.tensor([[1, 2], [3, 4]])).tolist() == [
        [1, 2, 1, 2],
        [3, 4, 3, 4],
    ]


def test_the_constructed_circuit_has_one_induction_and_one_previous_token_head():
    pytest.importorskip("transformers")
    ids = induction.repeated(
        induction.random_tokens(constructed.TOKENS, constructed.PERIOD, 2, seed=3)
    )
    with torch.no_grad():
        found = constructed.induction_circuit()(ids, output_attentions=True)
    patterns = induction.stack_patterns(found.attentions)
    assert induction.top_heads(induction.induction_scores(patterns, 16), 1) == [[1, 0]]
    assert induction.top_heads(induction.previous_token_scores(patterns), 1) == [[0, 0]]
