"""What was located, constructed: for the tests of harness/report/located."""

from __future__ import annotations

from harness.vocabulary.captures import ModuleSeen, Paths
from harness.vocabulary.located import (
    Apart,
    Grown,
    Located,
    Look,
    ModelParted,
    Parted,
    Parting,
    StageParted,
)

SCRIPT = "<script>alert('x')</script>"


def attention(implementation: str, *operations: str) -> ModuleSeen:
    return ModuleSeen(
        "layers.0.attn",
        "CappedAttention",
        "models/capped.py",
        "Layer",
        implementation,
        operations=("linear", *operations, "linear"),
    )


def apart(size: float, norm: float = 2.0, allowed: float = 0.001) -> Apart:
    return Apart("output", size, norm, allowed, size > 0, 1.3e-6)


BEGIN = Parted(
    attention("sdpa", "scaled_dot_product_attention"),
    attention("eager", "matmul", "softmax", "matmul"),
    3,
    apart(0.5),
    given=(("mask", "bool[4, 4]", "float32[4, 4]"),),
)
MODEL = ModelParted(
    Paths("CappedForCausalLM", "sdpa", {"cpu": "AVX2"}, ids=(5, 6, 7)),
    Paths("CappedForCausalLM", "eager", {"cpu": "AVX512"}, ids=(5, 6, 7)),
    origin=BEGIN,
    first=BEGIN,
    first_bit=BEGIN,
    growth=(
        Grown("layers.0", apart(0.0)),
        Grown("layers.1", apart(0.25)),
        Grown("", apart(1.0)),
    ),
)
STAGE = StageParted(
    "pre-tokenizer",
    "english",
    ["The", " quick", " fox"],
    ["The", " ", "quick fox"],
    1,
    ("english", "python"),
    later=("model", "decoder"),
    described=(("description of pre_tokenizer", {"type": "ByteLevel"}, {"type": "Metaspace"}),),
)
TIE = Parting("tie", 5, 12, 17, 0.001, 0.0004, 0.002)
LOOK = Look("capped=/models/capped", ("tokenizer", "model"))
FOUND = Located(
    "generation/test_greedy.py::test_ids",
    "capped-float32-cpu",
    LOOK,
    ("tokenizer", "model"),
    STAGE,
    MODEL,
    (("ids", TIE),),
)
