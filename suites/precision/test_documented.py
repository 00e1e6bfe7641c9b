"""What the documents say of a precision in words: which 4 bits, and how much quality is kept."""

from __future__ import annotations

import math

from harness.measure.logits import divergence, forward
from harness.plugin import documents, needs, precisions, requires


@requires("transformers", "bitsandbytes")
@documents("precision.nf4-claimed-default")
def test_the_4_bit_load_without_a_type_is_nf4(observe):
    import transformers

    found = transformers.BitsAndBytesConfig(load_in_4bit=True).bnb_4bit_quant_type
    observe.claim("precision.nf4-claimed-default", found, holds=found == "nf4")


@needs(subject="smollm2-135m-instruct")
@precisions("int8")
@requires("bitsandbytes")
@documents("precision.int8-quality")
def test_int8_costs_less_than_a_twentieth_of_perplexity(
    model, sequences, reference_logits, keep, observe
):
    """On the prompts' own tokens, against float32; the 4-bit precisions cost a quarter and more."""
    logits = keep("prompt logits", lambda: [forward(model, ids) for ids in sequences])
    ratio = math.exp(mean_loss(logits, sequences) - mean_loss(reference_logits, sequences))
    found = divergence(reference_logits, logits)
    answer = f"perplexity x {ratio:.3f}, {found.top1:.0%} of the likeliest tokens stay"
    observe.claim("precision.int8-quality", answer, holds=ratio < 1.05, steady=False)


def mean_loss(logits, sequences):
    """Negative log-probability of each text's own tokens in nats, averaged by text."""
    means = [
        float(rows[:-1].double().log_softmax(-1)[range(len(ids) - 1), ids[1:]].mean())
        for ids, rows in zip(sequences, logits, strict=True)
    ]
    return -sum(means) / len(means)
