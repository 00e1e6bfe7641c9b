"""Sampling under a seed, and what `generate` does when nothing is asked for."""

from __future__ import annotations

from harness.measure.generation import generate, new_ids
from harness.plugin import documents, needs, precisions

pytestmark = [needs("causal-lm"), precisions("float32")]
NEW = 8


def sample(model, ids, seed, **options):
    import torch

    torch.manual_seed(seed)
    return new_ids(generate(model, ids, max_new_tokens=NEW, do_sample=True, **options), ids)


def test_a_seed_draws_these_ids(model, sequences, observe):
    observe.exact("ids", sample(model, sequences[0], seed=0, top_k=50))


@documents("generation.topk-diverse")
def test_a_seed_repeats_and_other_seeds_differ(model, sequences):
    draws = [sample(model, sequences[0], seed=seed, top_k=50) for seed in (0, 0, 1, 2, 3)]
    assert draws[0] == draws[1]
    assert len(set(draws)) > 1


@documents("generation.topk-support")
def test_top_k_of_one_is_greedy(model, sequences):
    greedy = generate(model, sequences[0], max_new_tokens=NEW, do_sample=False)
    assert sample(model, sequences[0], seed=5, top_k=1) == new_ids(greedy, sequences[0])


@documents("generation.topp-diverse")
def test_nucleus_sampling_draws_these_ids(model, sequences, observe):
    observe.exact("ids", sample(model, sequences[0], seed=0, top_p=0.92, top_k=0))


def test_several_sequences_come_as_many_as_asked_for(model, sequences):
    import torch

    torch.manual_seed(0)
    output = generate(model, sequences[0], max_new_tokens=3, do_sample=True, num_return_sequences=4)
    assert output.shape[0] == 4
    assert all(row[: len(sequences[0])].tolist() == sequences[0] for row in output)


@documents("pipeline.default-256")
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
