"""Circuits written by hand, whose scores and contributions are known, through three libraries."""

from __future__ import annotations

import pytest

from harness.measure import constructed, induction
from harness.measure.attribution import Stream, attribute, head_outputs, read_out
from harness.plugin import documents, requires, tier, until
from harness.vocabulary.observations import Axes

pytestmark = tier("quick")

REMOVED = ("transformer-lens", "4.0", "HookedTransformer was removed")


def through_each_library(*marks, hooked=()):
    """One behaviour a library. `hooked` marks that of HookedTransformer, `marks` the others."""
    lens = requires("transformer-lens", "transformers")
    return pytest.mark.parametrize(
        "library",
        [
            pytest.param("transformers", marks=[requires("transformers"), *marks]),
            pytest.param("bridge", marks=[lens, *marks]),
            pytest.param("hooked", marks=[lens, until(*REMOVED), *hooked]),
        ],
    )


def _tokens():
    return induction.repeated(
        induction.random_tokens(constructed.TOKENS, constructed.PERIOD, batch=4, seed=0)
    )


def _lens(library, model, folder):
    """`model` behind transformer-lens's interface."""
    if library == "hooked":
        return constructed.as_hooked(model)
    from transformer_lens.model_bridge import TransformerBridge

    model.save_pretrained(folder)
    constructed.tokenizer().save_pretrained(folder)
    return TransformerBridge.boot_transformers(str(folder), hf_model=model, device="cpu")


def _outputs(library, model, folder):
    """Patterns [layer, batch, head, query, key] and logits on the repeated tokens."""
    import torch

    with torch.no_grad():
        if library == "transformers":
            found = model(_tokens(), output_attentions=True)
            return induction.stack_patterns(found.attentions), found.logits
        logits, cache = _lens(library, model, folder).run_with_cache(_tokens())
    patterns = [cache["pattern", layer] for layer in range(model.config.n_layer)]
    return induction.stack_patterns(patterns), logits


@through_each_library(documents("tl.induction.detects"))
def test_the_written_induction_head_scores_one(library, work_dir, observe):
    patterns, _ = _outputs(library, constructed.induction_circuit(), work_dir)
    scores = induction.induction_scores(patterns, constructed.PERIOD)
    observe.numeric("induction scores", scores, scale=1.0, axes=Axes("layer", "head", full=1.0))
    assert float(scores[1, 0]) == pytest.approx(1, abs=1e-3)
    assert induction.heads_above(scores, 0.1) == [[1, 0]]


@through_each_library()
def test_the_written_previous_token_head_scores_one(library, work_dir, observe):
    patterns, _ = _outputs(library, constructed.induction_circuit(), work_dir)
    scores = induction.previous_token_scores(patterns)
    observe.numeric(
        "previous-token scores", scores, scale=1.0, axes=Axes("layer", "head", full=1.0)
    )
    assert float(scores[0, 0]) == pytest.approx(1, abs=1e-3)
    assert induction.heads_above(scores, 0.2) == [[0, 0]]


@through_each_library()
def test_the_written_circuit_predicts_every_repeated_token(library, work_dir):
    _, logits = _outputs(library, constructed.induction_circuit(), work_dir)
    period = constructed.PERIOD
    assert (logits[:, period:-1].argmax(-1) == _tokens()[:, period + 1 :]).all()


@through_each_library(documents("tl.induction.detects"))
def test_random_weights_of_the_same_shape_score_by_chance(library, work_dir, observe):
    patterns, _ = _outputs(library, constructed.random_circuit(seed=0), work_dir)
    scores = induction.induction_scores(patterns, constructed.PERIOD)
    observe.numeric("induction scores", scores, scale=1.0, axes=Axes("layer", "head", full=1.0))
    assert scores.max() < 0.2


@through_each_library(documents("bridge.preserves-hf"), hooked=[documents("tl.hooked.matches-hf")])
def test_each_library_computes_the_logits_of_the_written_circuit(library, work_dir, observe):
    import torch

    _, logits = _outputs(library, constructed.induction_circuit(), work_dir)
    _, expected = _outputs("transformers", constructed.induction_circuit(), work_dir)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-3)
    observe.numeric("largest logit", float(logits.max()))


@through_each_library(documents("tl.ioi.sum-of-parts"))
def test_the_written_heads_contribute_what_was_written(library, work_dir, observe):
    import torch

    ids = torch.tensor([[7, 4, 5, 9, 8], [5, 8, 9, 4, 6]])
    model = constructed.attribution_circuit()
    with torch.no_grad():
        difference, found = _attributed(library, model, ids, work_dir)
    observe.numeric(
        "contribution by head", found.heads, unit="logits", axes=Axes("layer", "head"), scale=200.0
    )
    written = torch.tensor(constructed.AMOUNTS)
    torch.testing.assert_close(found.heads, written, rtol=0, atol=5e-3)
    torch.testing.assert_close(found.by_prompt, difference, rtol=0, atol=1e-3)
    assert float(difference.mean()) == pytest.approx(float(written.sum()), abs=1e-2)
    assert abs(found.embedding) < 1e-3


def _attributed(library, model, ids, folder):
    """The logit differences [prompt] and their attribution, after ids [prompt, position]."""
    import torch

    gather = _from_transformers if library == "transformers" else _from_lens
    lens = model if library == "transformers" else _lens(library, model, folder)
    logits, stream, scale, unembedding, norm = gather(lens, ids)
    answers = torch.full((len(ids),), constructed.ANSWER)
    others = torch.full((len(ids),), constructed.OTHER)
    weight, bias = norm
    nothing = torch.zeros(unembedding.shape[1])
    read = read_out(unembedding, nothing, weight, bias, scale, answers, others)
    last = logits[:, -1]
    return last[:, constructed.ANSWER] - last[:, constructed.OTHER], attribute(stream, read)


def _from_transformers(model, ids):
    """By torch hooks on the modules that GPT-2 has."""
    import torch

    kept = {}

    def keep(name, which):
        def hook(_module, inputs, output):
            found = inputs[0] if which == "in" else output
            kept[name] = (found[0] if isinstance(found, tuple) else found)[:, -1]

        return hook

    body = model.transformer
    handles = [
        body.ln_f.register_forward_hook(keep("final", "in")),
        body.h[0].register_forward_hook(keep("embedding", "in")),
    ]
    for layer, block in enumerate(body.h):
        handles.append(block.attn.c_proj.register_forward_hook(keep(f"z{layer}", "in")))
        handles.append(block.attn.register_forward_hook(keep(f"attention{layer}", "out")))
        handles.append(block.mlp.register_forward_hook(keep(f"mlp{layer}", "out")))
    logits = model(ids).logits
    for handle in handles:
        handle.remove()

    def stacked(name):
        return torch.stack([kept[f"{name}{layer}"] for layer in range(len(body.h))])

    heads, width = model.config.n_head, model.config.n_embd // model.config.n_head
    z = stacked("z").reshape(len(body.h), len(ids), heads, width)
    weights = torch.stack([b.attn.c_proj.weight.reshape(heads, width, -1) for b in body.h])
    stream = Stream(
        kept["embedding"], head_outputs(z, weights), stacked("attention"), stacked("mlp")
    )
    scale = (kept["final"].var(-1, correction=0, keepdim=True) + body.ln_f.eps).sqrt()
    return logits, stream, scale, model.lm_head.weight.T, (body.ln_f.weight, body.ln_f.bias)


def _from_lens(lens, ids):
    """By the cache of transformer-lens."""
    import torch

    logits, cache = lens.run_with_cache(ids)

    def last(name):
        return torch.stack([cache[name, layer][:, -1] for layer in range(lens.cfg.n_layers)])

    stream = Stream(
        embedding=cache["resid_pre", 0][:, -1],
        heads=head_outputs(last("z"), lens.W_O),
        attention=last("attn_out"),
        mlps=last("mlp_out"),
    )
    norm = getattr(lens.ln_final, "original_component", lens.ln_final)
    weight = norm.w if hasattr(norm, "w") else norm.weight
    bias = norm.b if hasattr(norm, "b") else norm.bias
    return logits, stream, cache["ln_final.hook_scale"][:, -1], lens.W_U, (weight, bias)
