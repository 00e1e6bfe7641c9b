"""The loss is the cross entropy, and gradients reach what they should."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plugin import requires, tier
from suites.architectures.tiny import DECODED, Kind, from_pretrained, kinds, names, prompt, run

pytestmark = requires("transformers", "torch")

IGNORED = -100
UNSHIFTED = ("xlnet",)
"""Types whose head predicts the label of the position itself though it is called causal."""

IN_PLACE = ("rwkv",)
"""Types whose forward pass writes over what its own gradient needs."""


def labelled(kind: Kind) -> tuple[dict[str, Any], Any]:
    """What the model is given besides its ids, and the labels, of which each fifth is ignored."""
    labels = prompt(7, DECODED) if kind.decodes else prompt()
    labels[:, ::5] = IGNORED
    given = {"decoder_input_ids": prompt(6, DECODED)} if kind.decodes else {}
    return {**given, "labels": labels}, labels


def cross_entropy(kind: Kind, logits: Any, labels: Any) -> float:
    """The mean of -log p(label) over the labels that count, in float64."""
    if kind.head == "causal-lm" and kind.name not in UNSHIFTED:
        logits, labels = logits[:, :-1], labels[:, 1:]
    chances = logits.double().log_softmax(-1)
    terms = [
        -float(chances[0, at, label]) for at, label in enumerate(labels[0]) if label != IGNORED
    ]
    return sum(terms) / len(terms)


@pytest.mark.parametrize("name", names())
def test_the_loss_is_the_cross_entropy_of_the_labels_that_count(name, tiny, observe, invariant):
    kind = kinds()[name]
    more, labels = labelled(kind)
    output = run(tiny(name), prompt(), **more)
    observe.numeric("loss", float(output.loss), unit="nats", precision="float32")
    expected = cross_entropy(kind, output.logits, labels)
    invariant("loss is the cross entropy", name, abs(float(output.loss) - expected) / expected)


@tier("broad")
@pytest.mark.parametrize("name", names())
def test_gradients_of_the_loss_have_these_norms(name, observe):
    """In evaluation mode: of all weights together, and of the first and last few by name."""
    model = from_pretrained(kinds()[name])
    more, _ = labelled(kinds()[name])
    loss = model(input_ids=prompt(), **more).loss
    try:
        loss.backward()
    except RuntimeError:
        observe.exact("gradients", "none: a value was changed in place")
        if name not in IN_PLACE:
            raise
        return
    observe.exact("gradients", "computed")
    norms = {
        key: float(parameter.grad.norm()) if parameter.grad is not None else None
        for key, parameter in model.named_parameters()
    }
    reached = {key: norm for key, norm in norms.items() if norm is not None}
    observe.exact("without a gradient", sorted(set(norms) - set(reached)))
    total = sum(norm * norm for norm in reached.values()) ** 0.5
    observe.numeric("norm of all", total, precision="float32")
    for key in (*list(reached)[:3], *list(reached)[-3:]):
        observe.numeric(f"norm of {key}", reached[key], scale=total, precision="float32")
