"""Sampling under a seed, and what `generate` does when nothing is asked for."""

from __future__ import annotations

from harness.measure.generation import generate, new_ids
from harness.plugin import documents, needs, precisions, tier

pytestmark = [needs("causal-lm"), precisions("float32")]
NEW = 8
SEEDS = range(6)


def sample(model, ids, seed, **options):
    import torch

    torch.manual_seed(seed)
    return new_ids(generate(model, ids, max_new_tokens=NEW, do_sample=True, **options), ids)


def spread_of(draws, model, ids):
    """How many of the draws are distinct, and how many differ from the greedy continuation."""
    best = new_ids(generate(model, ids, max_new_tokens=NEW, do_sample=False), ids)
    return {
        "seeds": len(draws),
        "distinct": len(set(draws)),
        "other than greedy": sum(draw != best for draw in draws),
    }


def is_varied(spread):
    """Varied: at least four of six seeds go on each in a way of its own, and not as greedy does."""
    return min(spread["distinct"], spread["other than greedy"]) * 6 >= spread["seeds"] * 4


@tier("quick")
def test_a_seed_draws_these_ids(model, sequences, observe):
    observe.exact("ids", sample(model, sequences[0], seed=0, top_k=50))


@tier("broad")
@documents("generation.topk-diverse")
def test_a_seed_repeats_and_other_seeds_differ(model, sequences, observe):
    draws = [sample(model, sequences[0], seed=seed, top_k=50) for seed in SEEDS]
    assert sample(model, sequences[0], seed=SEEDS[0], top_k=50) == draws[0]
    spread = spread_of(draws, model, sequences[0])
    observe.claim("generation.topk-diverse", spread, holds=is_varied(spread), steady=False)


@documents("generation.topk-support")
def test_top_k_of_one_is_greedy(model, sequences):
    greedy = generate(model, sequences[0], max_new_tokens=NEW, do_sample=False)
    assert sample(model, sequences[0], seed=5, top_k=1) == new_ids(greedy, sequences[0])


@tier("broad")
@documents("generation.topp-diverse")
def test_nucleus_samples_differ_from_each_other_and_from_greedy(model, sequences, observe):
    """The call as documented, and the nucleus alone: `top_k` is 50 unless it is turned off."""
    spreads = {}
    for name, options in {"top_p=0.92": {}, "top_p=0.92, top_k=0": {"top_k": 0}}.items():
        draws = [sample(model, sequences[0], seed=seed, top_p=0.92, **options) for seed in SEEDS]
        spreads[name] = spread_of(draws, model, sequences[0])
    varied = all(map(is_varied, spreads.values()))
    observe.claim("generation.topp-diverse", spreads, holds=varied, steady=False)


@tier("quick")
def test_nucleus_sampling_draws_these_ids(model, sequences, observe):
    observe.exact("ids", sample(model, sequences[0], seed=0, top_p=0.92, top_k=0))


def test_several_sequences_come_as_many_as_asked_for(model, sequences):
    import torch

    torch.manual_seed(0)
    output = generate(model, sequences[0], max_new_tokens=3, do_sample=True, num_return_sequences=4)
    assert output.shape[0] == 4
    assert all(row[: len(sequences[0])].tolist() == sequences[0] for row in output)


def test_generate_without_arguments_makes_this_many_ids(model, sequences, observe):
    import torch

    ids = sequences[0][:6]
    with torch.no_grad():
        output = model.generate(torch.tensor([ids], device=model.device))
    observe.exact("new ids", len(new_ids(output, ids)))
    observe.exact("type", type(output).__name__)


def test_the_models_generation_configuration_has_these_fields(model, observe):
    fields = model.generation_config.to_dict()
    dropped = {"transformers_version", "_from_model_config"}
    observe.exact("fields", {name: fields[name] for name in sorted(set(fields) - dropped)})
