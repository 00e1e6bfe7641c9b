"""Activation patching over layer and position (Meng et al. 2022) on a pretrained model."""

from __future__ import annotations

import tomllib

import pytest

from harness.measure.ioi import NotOneToken, single_token
from harness.measure.patching import first_difference, patch_each_position, restored
from harness.plugin import documents, needs, precisions, requires, until
from harness.vocabulary.observations import Axes
from harness.vocabulary.places import home

pytestmark = [pytest.mark.needs("causal-lm", "pretrained"), pytest.mark.precisions("float32")]

LOGITS = 30.0


@pytest.fixture
def task(tokenizer):
    """(clean ids, corrupted ids, answer, other): two prompts [1, position], two ids."""
    import torch

    text = (home() / "fixtures" / "prompts" / "patching.toml").read_text("utf-8")
    told = tomllib.loads(text)
    prompts = [torch.tensor([tokenizer.encode(told[name])]) for name in ("clean", "corrupted")]
    try:
        answers = [single_token(told[name], tokenizer.encode) for name in ("answer", "other")]
    except NotOneToken as error:
        pytest.skip(f"patching needs answers of one token: {error.what}")
    return (*prompts, *answers)


@pytest.fixture
def patched(bridge, task, keep):
    """(clean, corrupted, [layer, position]): logit differences, the last with one patch each."""
    return keep("patched", lambda: _patch_everywhere(bridge, task))


def _patch_everywhere(bridge, task):
    import torch

    clean_ids, corrupted_ids, *answers = task
    first, length = first_difference(clean_ids, corrupted_ids), clean_ids.shape[1]
    with torch.no_grad():
        clean_logits, cache = bridge.run_with_cache(
            clean_ids, names_filter=lambda name: name.endswith("hook_resid_post")
        )
        corrupted = _difference(bridge(corrupted_ids), answers)[0]
        table = corrupted.repeat(bridge.cfg.n_layers, length)
        copies = corrupted_ids.expand(length - first, -1)
        for layer in range(bridge.cfg.n_layers):
            hook = patch_each_position(layer, cache["resid_post", layer], first)
            logits = bridge.run_with_hooks(copies, fwd_hooks=[hook])
            table[layer, first:] = _difference(logits, answers)
    return _difference(clean_logits, answers)[0], corrupted, table


def _difference(logits, answers):
    """Logit of the answer minus that of the other, at the last position: [prompt]."""
    return logits[:, -1, answers[0]] - logits[:, -1, answers[1]]


def test_the_answers_change_with_the_prompt(model, task, observe):
    """Without transformer-lens: what there is to be explained."""
    import torch

    with torch.no_grad():
        both = model(torch.cat(task[:2]).to(model.device)).logits
    differences = _difference(both, task[2:]).tolist()
    observe.numeric("logit difference", differences, unit="logits", scale=LOGITS)
    assert differences[0] > 0 > differences[1]


@documents(
    "tl.patching.clean-prefers-paris", "tl.patching.same-length", "tl.patching.minimal-difference"
)
@requires("transformer-lens")
def test_the_prompts_are_as_the_method_needs_them(patched, task, observe):
    clean, corrupted, _ = patched
    lengths = [ids.shape[1] for ids in task[:2]]
    differing = int((task[0] != task[1]).sum()) if lengths[0] == lengths[1] else None
    observe.claim("tl.patching.same-length", lengths, holds=lengths[0] == lengths[1])
    observe.claim(
        "tl.patching.minimal-difference",
        f"{differing} of {lengths[0]} tokens differ",
        holds=differing is not None and differing < lengths[0] / 2,
    )
    signs = [float(clean) > 0, float(corrupted) > 0]
    observe.claim(
        "tl.patching.clean-prefers-paris",
        ["Paris" if positive else "Rome" for positive in signs],
        holds=signs == [True, False],
    )


@documents("tl.patching.result-shape", "tl.patching.last-layer-identity")
@requires("transformer-lens")
def test_patching_tells_where_the_answer_is_decided(bridge, patched, task, hf_tokenizer, observe):
    clean, corrupted, table = patched
    found = restored(table, clean, corrupted)
    shape = [bridge.cfg.n_layers, task[0].shape[1]]
    assert observe.exact("shape", list(found.shape)) == shape
    names = tuple(hf_tokenizer.decode([index]) for index in task[1][0].tolist())
    observe.numeric(
        "share of the clean answer restored",
        found,
        scale=LOGITS,
        axes=Axes("layer", "position", column_names=names),
    )
    assert found[:, 0].abs().max() < 1e-3
    assert float(found[-1, -1]) == pytest.approx(1, abs=1e-3)
    assert found[-1, :-1].abs().max() < 1e-3


@requires("transformer-lens")
def test_the_answer_moves_from_the_name_to_the_last_token(patched, task):
    found = restored(patched[2], patched[0], patched[1])
    name = (task[0] != task[1])[0].nonzero().flatten().tolist()
    hottest = found.argmax(1).tolist()
    assert hottest[0] in name
    assert hottest[-1] == found.shape[1] - 1


@until("transformer-lens", "4.0", "HookedTransformer was removed")
@needs(subject="smollm2-135m-instruct")
@requires("transformer-lens")
def test_hooked_transformer_patches_as_the_bridge_does(hooked, patched, task):
    """The hook of the document, at one position a run, for three layers."""
    import torch

    clean_ids, corrupted_ids, *answers = task
    last, expected = clean_ids.shape[1] - 1, patched[2]
    with torch.no_grad():
        _, clean_cache = hooked.run_with_cache(
            clean_ids, names_filter=lambda name: "resid_post" in name
        )
        for layer, pos in ((0, 3), (12, 3), (20, last)):

            def patch_hook(activation, hook, pos=pos):
                activation[0, pos] = clean_cache[hook.name][0, pos]
                return activation

            logits = hooked.run_with_hooks(
                corrupted_ids, fwd_hooks=[(f"blocks.{layer}.hook_resid_post", patch_hook)]
            )
            found = _difference(logits, answers)[0]
            torch.testing.assert_close(found, expected[layer, pos], rtol=0, atol=2e-3)


@precisions("float32")
@requires("transformer-lens")
def test_patching_before_the_first_difference_changes_nothing(bridge, task, observe):
    """Why positions before it need no run of their own."""
    import torch

    clean_ids, corrupted_ids, *_ = task
    first = first_difference(clean_ids, corrupted_ids)
    if first == 0:
        pytest.skip("the prompts differ at their first token")
    names = [f"blocks.{layer}.hook_resid_post" for layer in (0, bridge.cfg.n_layers - 1)]
    with torch.no_grad():
        _, clean = bridge.run_with_cache(clean_ids, names_filter=lambda name: name in names)
        _, corrupted = bridge.run_with_cache(corrupted_ids, names_filter=lambda name: name in names)
    observe.exact("first difference", first)
    for name in names:
        torch.testing.assert_close(clean[name][:, :first], corrupted[name][:, :first])
