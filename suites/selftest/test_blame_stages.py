"""The first stage of a tokenizer that differs: tokenizers that differ in one known stage."""

from __future__ import annotations

import pytest

from harness.blame.stages import first_stage
from harness.measure.stages import stages
from harness.vocabulary.captures import Stage

tokenizers = pytest.importorskip("tokenizers")

TEXTS = {"plain": "tea time", "capitals": "Tea TIME"}
VOCABULARY = {word: i for i, word in enumerate(["[?]", "tea", "time", "Tea", "TIME", "te", "##a"])}


def made(**parts):
    """A word-piece tokenizer of a few words; each of `parts` replaces a stage."""
    made = tokenizers.Tokenizer(tokenizers.models.WordPiece(VOCABULARY, unk_token="[?]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    for name, part in parts.items():
        setattr(made, name, part)
    return made


def parted(first, second, texts=TEXTS):
    return first_stage(*(stages(each, "transformers", texts) for each in (first, second)))


def test_tokenizers_that_are_the_same_part_nowhere():
    assert parted(made(), made()) is None


def test_a_normaliser_that_lowers_is_the_first_stage_and_only_capitals_show_it():
    found = parted(made(), made(normalizer=tokenizers.normalizers.Lowercase()))
    assert (found.stage, found.text, found.texts) == ("normaliser", "capitals", ("capitals",))
    assert (found.baseline, found.candidate, found.position) == ("Tea TIME", "tea time", 0)
    assert found.described == (("description of normalizer", None, {"type": "Lowercase"}),)
    assert found.later[0] == "pre-tokenizer"


def test_a_pre_tokenizer_that_splits_otherwise_is_the_first_stage():
    other = tokenizers.pre_tokenizers.Split("m", "removed")
    found = parted(made(), made(pre_tokenizer=other))
    assert (found.stage, found.text) == ("pre-tokenizer", "plain")
    assert (found.baseline[0], found.candidate[0]) == (["tea", 0, 3], ["tea ti", 0, 6])


def test_a_model_that_lacks_a_word_is_the_first_stage():
    fewer = {word: i for word, i in VOCABULARY.items() if word != "tea"}
    found = parted(made(), made(model=tokenizers.models.WordPiece(fewer, unk_token="[?]")))
    assert (found.stage, found.text, found.position) == ("model", "plain", 0)
    assert (found.baseline[0], found.candidate[0]) == (["tea", 1], ["te", 5])


def test_a_post_processor_that_adds_a_token_is_the_first_stage():
    adding = tokenizers.processors.TemplateProcessing("[?] $A", special_tokens=[("[?]", 0)])
    found = parted(made(), made(post_processor=adding))
    assert (found.stage, found.later) == ("post-processor", ())
    assert (found.baseline["ids"], found.candidate["ids"]) == ([1, 2], [0, 1, 2])


def test_a_decoder_that_leaves_out_the_spaces_is_the_last_stage():
    found = parted(made(), made(decoder=tokenizers.decoders.Fuse()))
    assert (found.stage, found.baseline, found.candidate) == ("decoder", "tea time", "teatime")


def test_a_stage_that_one_side_cannot_be_asked_for_says_nothing():
    both = [Stage("model", "a", [1, 2])]
    assert first_stage([Stage("normaliser", "a", "A"), *both], both) is None


def test_tiktoken_splits_before_its_model():
    tiktoken = pytest.importorskip("tiktoken")
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"te": 256}

    def encoding(pattern, ranks):
        return tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})

    def differ(first, second):
        return first_stage(
            *(stages(each, "tiktoken", {"plain": "tea"}) for each in (first, second))
        )

    whole, single = encoding(r"\w+", ranks), encoding(r"\w", ranks)
    found = differ(whole, single)
    assert (found.stage, found.baseline, found.candidate) == (
        "pre-tokenizer", ["tea"], ["t", "e", "a"],
    )  # fmt: skip
    unmerged = encoding(r"\w+", {key: rank for key, rank in ranks.items() if rank < 256})
    found = differ(whole, unmerged)
    assert (found.stage, found.baseline) == ("model", [256, 97])
    assert found.candidate == [116, 101, 97]
