"""Indirect object identification (Wang et al. 2022) on a pretrained model."""

from __future__ import annotations

import pytest

from harness.measure import ioi
from harness.measure.induction import top_heads
from harness.measure.patching import ablate_heads
from harness.plugin import documents, needs, precisions, requires, tier, until
from harness.vocabulary.observations import Axes

LOGITS = 30.0
"""The size of the logits behind a logit difference: rounding is relative to it."""

HEADS = 5


@documents("tl.ioi.single-tokens")
@needs("causal-lm", "pretrained")
def test_each_ioi_name_is_one_token_after_a_space(tokenizer, observe):
    names = (" Mary", " John", " Anna", " Tom")
    ids = observe.exact("ids", {name: tokenizer.encode(name) for name in names})
    assert all(len(tokens) == 1 for tokens in ids.values())


@tier("quick")
@documents("tl.ioi.predicts-john")
@needs("causal-lm", "pretrained")
def test_the_indirect_object_is_preferred_to_the_subject(model, ioi_batches, keep, observe):
    outcome = keep("ioi-outcome", lambda: _outcome(model, ioi_batches))
    observe.numeric("mean logit difference", outcome.mean, unit="logits", scale=LOGITS)
    observe.numeric(
        "mean by template and order", outcome.by_template(), unit="logits", scale=LOGITS
    )
    share = observe.exact("share of prompts preferring the indirect object", outcome.share_positive)
    assert outcome.mean > 0
    assert share > 0.5


@documents("tl.ioi.predicts-john")
@needs("causal-lm", "pretrained")
@precisions("float32")
def test_the_documents_prompt_is_completed_with_john(model, tokenizer, observe):
    import torch

    prompt = "When John and Mary went to the store, Mary gave a bottle to"
    try:
        john, mary = (ioi.single_token(name, tokenizer.encode) for name in (" John", " Mary"))
    except ioi.NotOneToken as error:
        pytest.skip(f"IOI needs names of one token: {error.what}")
    with torch.no_grad():
        logits = model(torch.tensor([tokenizer.encode(prompt)]).to(model.device)).logits[0, -1]
    difference = float(logits[john] - logits[mary])
    observe.numeric("logit difference", difference, unit="logits", scale=LOGITS)
    first = tokenizer.decode([int(logits.argmax())])
    observe.claim(
        "tl.ioi.predicts-john",
        f"most likely: {first!r}",
        holds=difference > 0 and int(logits.argmax()) == john,
    )


@documents("tl.ioi.predicts-john")
@needs("causal-lm", "pretrained")
@precisions("float32")
@requires("transformer-lens")
def test_the_bridge_finds_the_logit_differences_of_transformers(
    model, ioi_bridge, ioi_batches, keep, observe
):
    outcome = keep("ioi-outcome", lambda: _outcome(model, ioi_batches))
    under_bridge = [value for _, found, _ in ioi_bridge for value in found.tolist()]
    worst = max(
        abs(own - other) for own, other in zip(outcome.differences, under_bridge, strict=True)
    )
    observe.numeric("mean under the bridge", sum(under_bridge) / len(under_bridge), scale=LOGITS)
    assert worst < 1e-3


@documents("tl.ioi.dla-shape")
@needs("causal-lm", "pretrained")
@precisions("float32")
@requires("transformer-lens")
def test_a_few_heads_write_the_indirect_object(bridge, head_table, observe):
    assert list(head_table.shape) == [bridge.cfg.n_layers, bridge.cfg.n_heads]
    observe.numeric(
        "contribution by head",
        head_table,
        unit="logits",
        scale=LOGITS,
        axes=Axes("layer", "head"),
    )
    observe.exact("top three heads", top_heads(head_table, 3))
    assert head_table.flatten().topk(HEADS).values.min() > head_table.abs().median() * 10


@needs("causal-lm", "pretrained")
@precisions("float32")
@requires("transformer-lens")
def test_one_of_the_top_heads_is_a_name_mover(
    bridge, ioi_batches, head_table, hf_tokenizer, observe
):
    """Wang et al. 2022, section 3.1: it attends from the end to the name that it writes."""
    import torch

    batch, heads = ioi_batches[0], top_heads(head_table, 3)
    with torch.no_grad():
        _, cache = bridge.run_with_cache(
            batch.ids, names_filter=lambda name: name.endswith("hook_pattern")
        )
    patterns = torch.stack([cache["pattern", layer][:, head] for layer, head in heads])
    to_object, to_subject = (
        (patterns[:, :, -1] * (batch.ids == answers[:, None])).sum(-1).mean(-1)
        for answers in (batch.indirect_objects, batch.subjects)
    )
    observe.numeric("attention to the indirect object", to_object, scale=1.0)
    observe.numeric("attention to the subject", to_subject, scale=1.0)
    mover = int((to_object - to_subject).argmax())
    names = tuple(hf_tokenizer.decode([index]) for index in batch.ids[0].tolist())
    layer, head = heads[mover]
    observe.numeric(
        f"pattern of head {layer}.{head}",
        patterns[mover, 0],
        scale=1.0,
        axes=Axes("query", "key", row_names=names, column_names=names, full=1.0),
    )
    assert to_object[mover] > 0.3


@until("transformer-lens", "4.0", "HookedTransformer was removed")
@needs(subject="smollm2-135m-instruct")
@precisions("float32")
@requires("transformer-lens")
def test_hooked_transformer_finds_the_same_contributions(hooked, ioi_bridge, ioi_batches):
    """By the library's own tools: stack_head_results, apply_ln_to_stack, the unembedding."""
    import torch

    batch, (_, _, attribution) = ioi_batches[0], ioi_bridge[0]
    towards = (hooked.W_U[:, batch.indirect_objects] - hooked.W_U[:, batch.subjects]).T
    with torch.no_grad():
        _, cache = hooked.run_with_cache(
            batch.ids,
            names_filter=lambda name: name.endswith(("hook_z", "ln_final.hook_scale")),
        )
        heads = hooked.cfg.n_layers * hooked.cfg.n_heads
        stack = cache.stack_head_results(layer=-1, pos_slice=-1)[:heads]
        normed = cache.apply_ln_to_stack(stack, layer=-1, pos_slice=-1) * hooked.ln_final.w
    found = (normed * towards).sum(-1).mean(-1).reshape(attribution.heads.shape)
    torch.testing.assert_close(found, attribution.heads, rtol=1e-3, atol=1e-3)


@documents("tl.ioi.name-movers")
@needs(subject="gpt2")
@precisions("float32")
@requires("transformer-lens")
def test_gpt2_has_the_published_name_movers(head_table, observe):
    """Heads 9.9, 10.0 and 9.6 of Wang et al. 2022, figure 3."""
    top = top_heads(head_table, HEADS)
    observe.claim(
        "tl.ioi.name-movers", top, holds={(9, 9), (10, 0), (9, 6)} <= {tuple(h) for h in top}
    )


@documents("tl.ioi.dla-formula")
@until("transformer-lens", "4.0", "HookedTransformer was removed")
@needs(subject="smollm2-135m-instruct")
@precisions("float32")
@requires("transformer-lens")
def test_the_formula_of_the_document_leaves_the_final_norm_out(hooked, ioi_batches, observe):
    """z @ W_O @ W_U as written, against the library's own apply_ln_to_stack."""
    import torch

    batch = ioi_batches[0]
    ids = batch.ids[:1]
    answer, other = int(batch.indirect_objects[0]), int(batch.subjects[0])
    with torch.no_grad():
        _, cache = hooked.run_with_cache(ids)
        z = torch.stack([cache["z", layer][0, -1] for layer in range(hooked.cfg.n_layers)])
        towards = hooked.W_U[:, answer] - hooked.W_U[:, other]
        written = torch.einsum("lhd,lhdm,m->lh", z, hooked.W_O, towards)
        stack = cache.stack_head_results(layer=-1, pos_slice=-1)[: written.numel(), 0]
        normed = cache.apply_ln_to_stack(stack[:, None], layer=-1, pos_slice=-1)
        weighted = normed[:, 0] * hooked.ln_final.w
        true = (weighted @ towards).reshape(written.shape)
    ratio = float((written * true).sum() / (true * true).sum())
    off = float((written - true).abs().max())
    observe.numeric("largest true contribution", float(true.max()), unit="logits", scale=LOGITS)
    observe.claim(
        "tl.ioi.dla-formula",
        f"off by up to {off:.1f} logits: {ratio:.2f} times the contributions",
        holds=off < 1e-2,
        steady=False,
    )


@documents("tl.ioi.sum-of-parts")
@needs("causal-lm", "pretrained")
@precisions("float32")
@requires("transformer-lens")
def test_the_contributions_sum_to_the_logit_difference(ioi_bridge, observe):
    rest = [
        float((attribution.by_prompt - differences).abs().max())
        for _, differences, attribution in ioi_bridge
    ]
    assert max(rest) < 1e-3
    parts = [
        [a.embedding, float(a.heads.sum()), float(a.biases.sum()), float(a.mlps.sum()), a.constant]
        for _, _, a in ioi_bridge
    ]
    observe.numeric(
        "embedding, heads, biases, MLPs, constant by batch", parts, unit="logits", scale=LOGITS
    )


@documents("tl.ioi.weights-shapes", "tl.ioi.z-shape")
@needs("causal-lm")
@precisions("float32")
@requires("transformer-lens")
def test_output_weights_and_unembedding_have_the_documented_axes(bridge, observe):
    cfg = bridge.cfg
    shapes = observe.exact("shapes", {"W_O": list(bridge.W_O.shape), "W_U": list(bridge.W_U.shape)})
    assert shapes["W_O"] == [cfg.n_layers, cfg.n_heads, cfg.d_head, cfg.d_model]
    assert shapes["W_U"] == [cfg.d_model, cfg.d_vocab]


@needs("causal-lm", "pretrained")
@precisions("float32")
@requires("transformer-lens")
def test_ablating_the_top_heads_lowers_the_logit_difference(
    bridge, ioi_bridge, ioi_batches, head_table, keep, observe
):
    before, after = _without_top(bridge, ioi_bridge, ioi_batches, head_table, keep)
    observe.numeric("mean after ablation", after, unit="logits", scale=LOGITS)
    assert before - after > 1


@needs("causal-lm", "pretrained")
@precisions("float32")
@requires("transformer-lens")
def test_ablating_late_heads_that_write_nothing_leaves_the_logit_difference(
    bridge, ioi_bridge, ioi_batches, head_table, keep, observe
):
    half = len(head_table) // 2
    quiet = [[half + layer, head] for layer, head in top_heads(-head_table[half:].abs(), HEADS)]
    before, after = _ablated(bridge, ioi_bridge, ioi_batches, quiet)
    observe.numeric("mean after ablation", after, unit="logits", scale=LOGITS)
    _, top = _without_top(bridge, ioi_bridge, ioi_batches, head_table, keep)
    assert abs(before - after) < (before - top) / 3


def _outcome(model, batches):
    return ioi.run(lambda ids: model(ids.to(model.device)).logits, batches)


def _without_top(bridge, ioi_bridge, batches, head_table, keep):
    heads = top_heads(head_table, HEADS)
    return keep("ioi-without-top", lambda: _ablated(bridge, ioi_bridge, batches, heads))


def _ablated(bridge, ioi_bridge, batches, heads):
    """Mean logit difference of the first batch without and with `heads` set to zero."""
    import torch

    batch = batches[0]
    with torch.no_grad():
        logits = bridge.run_with_hooks(batch.ids, fwd_hooks=ablate_heads(heads))
    before = ioi_bridge[0][1]
    after = ioi.logit_differences(logits, batch.indirect_objects, batch.subjects)
    assert not torch.equal(before, after), "the ablation changed nothing"
    return float(before.mean()), float(after.mean())
