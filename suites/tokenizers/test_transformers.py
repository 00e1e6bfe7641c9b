"""Tokenizers as transformers loads them: special tokens, padding, truncation, offsets, saving."""

from __future__ import annotations

import pytest

from harness.measure.prompts import CORPUS, PROMPTS
from harness.measure.tokens import sampled_vocabulary
from harness.plugin import documents, tier

TEXTS = tuple(PROMPTS[:3])
SPECIAL = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
OLD_METHODS = (
    "encode_plus",
    "batch_encode_plus",
    "build_inputs_with_special_tokens",
    "prepare_for_model",
    "apply_chat_template",
    "as_target_tokenizer",
    "batch_decode",
    "save_vocabulary",
    "get_vocab",
)


def test_the_class_and_its_sides_are_these(hf_tokenizer, observe):
    observe.exact("class", type(hf_tokenizer).__name__)
    observe.exact("is fast", hf_tokenizer.is_fast)
    observe.exact("padding side", hf_tokenizer.padding_side)
    observe.exact("truncation side", hf_tokenizer.truncation_side)
    observe.exact("model input names", list(hf_tokenizer.model_input_names))
    observe.exact("model max length", min(hf_tokenizer.model_max_length, 2**63))


def test_the_special_tokens_are_these(hf_tokenizer, observe):
    tokens = {name: getattr(hf_tokenizer, f"{name}_token") for name in SPECIAL}
    ids = {name: getattr(hf_tokenizer, f"{name}_token_id") for name in SPECIAL}
    observe.exact("tokens", tokens)
    observe.exact("ids", ids)
    for name, token in tokens.items():
        if token is not None:
            assert hf_tokenizer.convert_tokens_to_ids(token) == ids[name]


@tier("quick")
@documents("tokenizers.vocab-property")
def test_the_vocabulary_maps_pieces_to_ids(hf_tokenizer, observe):
    vocabulary = hf_tokenizer.get_vocab()
    assert hf_tokenizer.vocab == vocabulary
    assert len(vocabulary) == len(hf_tokenizer)
    assert len(set(vocabulary.values())) == len(vocabulary)
    observe.exact("sample", sampled_vocabulary(vocabulary, max(1, len(vocabulary) // 40)))


@documents("tokenizers.convert-tokens-1to1")
def test_pieces_and_ids_name_each_other_one_to_one(hf_tokenizer):
    for text in CORPUS.values():
        pieces = hf_tokenizer.tokenize(text)
        ids = hf_tokenizer.convert_tokens_to_ids(pieces)
        assert hf_tokenizer.convert_ids_to_tokens(ids) == pieces
        assert ids == hf_tokenizer.encode(text, add_special_tokens=False)


def test_encode_adds_these_special_ids(hf_tokenizer, observe):
    bare = hf_tokenizer.encode(TEXTS[0], add_special_tokens=False)
    full = hf_tokenizer.encode(TEXTS[0])
    before = next(i for i in range(len(full)) if full[i : i + len(bare)] == bare)
    observe.exact("before", full[:before])
    observe.exact("after", full[before + len(bare) :])


@documents("tokenizers.call-gives-mask")
def test_calling_gives_ids_and_a_mask_of_ones(hf_tokenizer, observe):
    encoded = hf_tokenizer(TEXTS[0])
    observe.exact("type", type(encoded).__name__)
    observe.exact("keys", sorted(encoded.keys()))
    assert encoded["attention_mask"] == [1] * len(encoded["input_ids"])


def test_a_batch_encodes_as_its_texts_do_alone(hf_tokenizer):
    batch = hf_tokenizer(list(CORPUS.values()))["input_ids"]
    assert batch == [hf_tokenizer(text)["input_ids"] for text in CORPUS.values()]


def test_padding_fills_to_the_longest_and_masks_what_it_added(hf_tokenizer, observe):
    try:
        batch = hf_tokenizer(list(TEXTS), padding=True, truncation=True)
    except ValueError as error:
        assert hf_tokenizer.pad_token is None
        observe.exact("without a pad token", type(error).__name__)
        return
    lengths = [len(hf_tokenizer(text)["input_ids"]) for text in TEXTS]
    assert {len(ids) for ids in batch["input_ids"]} == {max(lengths)}
    assert [sum(mask) for mask in batch["attention_mask"]] == lengths
    for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True):
        added = [token for token, real in zip(ids, mask, strict=True) if not real]
        assert set(added) <= {hf_tokenizer.pad_token_id}


def test_truncation_keeps_special_tokens_and_the_bound(hf_tokenizer, observe):
    ids = hf_tokenizer(TEXTS[0], truncation=True, max_length=8)["input_ids"]
    assert len(observe.exact("ids", ids)) == 8


def test_offsets_cut_the_text_in_order(hf_tokenizer, observe):
    if not hf_tokenizer.is_fast:
        pytest.skip("a slow tokenizer has no offsets")
    offsets = hf_tokenizer(CORPUS["german"], add_special_tokens=False, return_offsets_mapping=True)[
        "offset_mapping"
    ]
    observe.exact("offsets", offsets)
    assert all(0 <= start <= end <= len(CORPUS["german"]) for start, end in offsets)
    assert [start for start, _ in offsets] == sorted(start for start, _ in offsets)
    assert max(end for _, end in offsets) == len(CORPUS["german"])


@tier("quick")
def test_a_saved_tokenizer_encodes_as_before(hf_tokenizer, work_dir, observe):
    import transformers

    hf_tokenizer.save_pretrained(work_dir)
    observe.exact("files", sorted(path.name for path in work_dir.iterdir()))
    again = transformers.AutoTokenizer.from_pretrained(work_dir)
    observe.exact("class", type(again).__name__)
    for name, text in CORPUS.items():
        assert again(text)["input_ids"] == hf_tokenizer(text)["input_ids"], name


def test_these_methods_of_older_releases_are_left(hf_tokenizer, observe):
    observe.exact("left", [name for name in OLD_METHODS if hasattr(hf_tokenizer, name)])


def test_an_unknown_piece_is_answered_like_this(hf_tokenizer, observe):
    piece = "\x00 no piece of any vocabulary \x00"
    found = hf_tokenizer.convert_tokens_to_ids(piece)
    observe.exact("id", found)
    assert found in (hf_tokenizer.unk_token_id, None)


def test_no_text_at_all_is_refused_with_this_error(hf_tokenizer, observe):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        hf_tokenizer(12345)
    observe.exact("error", type(caught.value).__name__)
