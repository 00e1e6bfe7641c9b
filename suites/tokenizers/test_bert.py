"""BERT's uncased vocabulary, which MiniLM shares, against documented ids."""

from __future__ import annotations

from harness.plugin import documents, needs, requires, tier

pytestmark = tier("quick")

SUBJECT = "minilm-l6"
OCEAN = "The panoramic view of the ocean was breathtaking."
OCEAN_IDS = [101, 1996, 6090, 6525, 7712, 3193, 1997, 1996, 4153, 2001, 3052, 17904, 1012, 102]


@needs(subject=SUBJECT)
@documents("tokenizers.bert.sst2-ids")
def test_the_ocean_sentence_has_the_documented_ids(hf_tokenizer, observe):
    assert observe.exact("ids", hf_tokenizer(OCEAN)["input_ids"]) == OCEAN_IDS


@needs(subject=SUBJECT)
@requires("torch")
@documents("tokenizers.distilbert.pad-trunc-call")
def test_the_call_with_tensors_padding_and_truncation_gives_a_row_of_ids(hf_tokenizer):
    """On the vocabulary that DistilBERT shares; a batch is padded, a long text is cut."""
    options = {"return_tensors": "pt", "padding": True, "truncation": True}
    assert hf_tokenizer(OCEAN, **options)["input_ids"].tolist() == [OCEAN_IDS]
    batch = hf_tokenizer([OCEAN, "Short."], **options)
    assert batch["input_ids"].shape == (2, len(OCEAN_IDS))
    assert batch["attention_mask"].sum(1).tolist() == [len(OCEAN_IDS), 4]
    long = hf_tokenizer("ocean " * 1000, **options)["input_ids"]
    assert long.shape == (1, hf_tokenizer.model_max_length)


@needs(subject=SUBJECT)
def test_capitals_make_no_difference(hf_tokenizer):
    assert hf_tokenizer(OCEAN.upper())["input_ids"] == hf_tokenizer(OCEAN.lower())["input_ids"]


@needs(subject=SUBJECT)
def test_a_pair_is_separated_and_typed(hf_tokenizer):
    pair = hf_tokenizer("One sentence.", "Another one.")
    separator = hf_tokenizer.sep_token_id
    first = pair["input_ids"].index(separator)
    assert pair["input_ids"].count(separator) == 2
    assert pair["token_type_ids"] == [0] * (first + 1) + [1] * (len(pair["input_ids"]) - first - 1)


@needs(subject=SUBJECT)
def test_a_character_outside_the_vocabulary_becomes_unknown(hf_tokenizer):
    assert hf_tokenizer.tokenize("a 🜚 b") == ["a", "[UNK]", "b"]


@needs(subject=SUBJECT)
def test_a_long_word_is_cut_into_continuing_pieces(hf_tokenizer, observe):
    pieces = observe.exact("pieces", hf_tokenizer.tokenize("uncharacteristically"))
    assert all(piece.startswith("##") for piece in pieces[1:])
    assert pieces[0] + "".join(piece[2:] for piece in pieces[1:]) == "uncharacteristically"
