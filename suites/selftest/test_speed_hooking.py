"""The calls of the hook and autoencoder tasks, on a lens of a few weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.speed.hooking import measures
from harness.speed.task import Asked, open_task
from harness.vocabulary.costs import Arm
from harness.vocabulary.errors import UsageError
from harness.vocabulary.places import home


@pytest.fixture(scope="module")
def lens() -> Any:
    lenses = pytest.importorskip("transformer_lens")
    if not hasattr(lenses, "HookedTransformerConfig"):
        pytest.skip("transformer-lens 4 has no HookedTransformer")
    config = lenses.HookedTransformerConfig(
        n_layers=2, d_model=8, n_ctx=6, d_head=4, n_heads=2, d_vocab=11, act_fn="relu", seed=0
    )
    return lenses.HookedTransformer(config).eval()


def test_both_calls_compute_the_same_logits_and_one_keeps_every_activation(lens: Any) -> None:
    import torch

    ids = torch.tensor([[1, 2, 3, 4, 5], [5, 4, 3, 2, 1]])
    asked = Asked("hooks.hooked", Arm("here", "installed"), 1)
    forward, cache = measures(asked, lens, ids)
    logits: Any = forward.call()
    kept_logits, kept = cache.call()  # type: ignore[misc]
    assert logits.shape == (2, 5, 11)
    assert torch.equal(logits, kept_logits)
    assert not logits.requires_grad
    for block in (0, 1):
        assert kept[f"blocks.{block}.hook_resid_post"].shape == (2, 5, 8)
        assert kept[f"blocks.{block}.attn.hook_pattern"].shape == (2, 2, 5, 5)
        assert kept[f"blocks.{block}.mlp.hook_post"].shape == (2, 5, 32)


def test_the_work_of_a_call_is_all_its_ids(lens: Any) -> None:
    import torch

    asked = Asked("hooks.hooked", Arm("here", "installed"), 1)
    found = [measure.quantity for measure in measures(asked, lens, torch.zeros(3, 4).long())]
    assert [quantity.id for quantity in found] == ["hooks.hooked/forward", "hooks.hooked/cache"]
    assert {(quantity.work, quantity.amount) for quantity in found} == {("token", 12.0)}


@pytest.mark.parametrize("task", ["hooks.bridge", "hooks.hooked", "autoencoder"])
def test_a_model_without_a_tokenizer_is_refused(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    folder = home() / "fixtures" / "architectures" / "llama"
    with pytest.raises(UsageError, match=f"tiny has no tokenizer, and {task} reads text"):
        open_task(Asked(task, Arm("here", "installed", f"tiny={folder}"), 1))


@pytest.mark.parametrize("task", ["autoencoder", "hooks.hooked"])
@pytest.mark.parametrize("precision", ["int8", "nf4", "fp4"])
def test_a_quantised_precision_is_refused_with_those_that_are_allowed(
    task: str, precision: str
) -> None:
    arm = Arm("here", "installed", "smollm2-135m-instruct", precision)
    with pytest.raises(UsageError, match=f"no weights in {precision}") as raised:
        open_task(Asked(task, arm, 1))
    assert raised.value.allowed == "float32, bfloat16, float16"
