"""GPT-2's tokenizer against the documented ids, and against a second implementation."""

from __future__ import annotations

from harness.measure.prompts import CORPUS
from harness.plugin import documents, needs, requires, tier

pytestmark = tier("quick")

SUBJECT = "gpt2-tokenizer"
COUNSELOR = "Counselor, please adjust your Zoom filter to appear as a human, rather than as a cat"
COUNSELOR_IDS = [
    31053, 741, 273, 11, 3387, 4532, 534, 40305, 8106, 284,
    1656, 355, 257, 1692, 11, 2138, 621, 355, 257, 3797,
]  # fmt: skip
COUNSELOR_PIECES = [
    "Coun", "sel", "or", ",", "Ġplease", "Ġadjust", "Ġyour", "ĠZoom", "Ġfilter", "Ġto",
    "Ġappear", "Ġas", "Ġa", "Ġhuman", ",", "Ġrather", "Ġthan", "Ġas", "Ġa", "Ġcat",
]  # fmt: skip
SAMPLES = {
    "Ġchallenged": 12827, "Ġingested": 44694, "Ġsavings": 10653, "appropriately": 45175,
    "ĠUpton": 47755, "Ġdrive": 3708, "001": 8298, "Vari": 23907, "ĠPool": 19850, "Ġaids": 31378,
}  # fmt: skip


@needs(subject=SUBJECT)
@documents("tokenizers.gpt2.counselor-ids")
def test_the_counselor_sentence_has_the_documented_ids(tokenizer, observe):
    assert observe.exact("ids", tokenizer.encode(COUNSELOR)) == COUNSELOR_IDS


@needs(subject=SUBJECT)
@documents("tokenizers.gpt2.counselor-tokens")
def test_the_counselor_sentence_has_the_documented_pieces(hf_tokenizer, observe):
    assert observe.exact("pieces", hf_tokenizer.tokenize(COUNSELOR)) == COUNSELOR_PIECES


@needs(subject=SUBJECT)
@documents("tokenizers.gpt2.counselor-roundtrip")
def test_the_counselor_ids_decode_to_the_sentence(tokenizer):
    assert tokenizer.decode(COUNSELOR_IDS) == COUNSELOR


@needs(subject=SUBJECT)
@documents("tokenizers.gpt2.encode-adds-specials")
def test_encode_adds_nothing_to_the_ids_of_the_pieces(hf_tokenizer, observe):
    """The document's two lines: `convert_tokens_to_ids` of the pieces, and `encode`."""
    ids = hf_tokenizer.convert_tokens_to_ids(hf_tokenizer.tokenize(COUNSELOR))
    encoded = hf_tokenizer.encode(COUNSELOR)
    observe.claim(
        "tokenizers.gpt2.encode-adds-specials",
        {"ids of the pieces": len(ids), "ids of encode": len(encoded)},
        holds=encoded[0] != ids[0] and encoded[-1] != ids[-1] and encoded[1:-1] == ids,
    )
    assert [token for token in encoded if token not in hf_tokenizer.all_special_ids] == ids


@needs(subject=SUBJECT)
@documents("tokenizers.gpt2.vocab-size")
def test_the_vocabulary_has_50257_entries(hf_tokenizer):
    assert hf_tokenizer.vocab_size == len(hf_tokenizer.get_vocab()) == 50257


@needs(subject=SUBJECT)
@documents("tokenizers.gpt2.vocab-samples")
def test_the_sampled_pieces_have_the_documented_ids(hf_tokenizer):
    vocabulary = hf_tokenizer.get_vocab()
    assert {piece: vocabulary[piece] for piece in SAMPLES} == SAMPLES


@needs(subject=SUBJECT)
@documents("tokenizers.gpt2.is-bpe")
def test_the_model_is_byte_pair_encoding(hf_tokenizer, observe):
    assert type(hf_tokenizer.backend_tokenizer.model).__name__ == "BPE"


@needs(subject=SUBJECT)
def test_byte_level_pieces_give_every_text_back(tokenizer):
    for name, text in CORPUS.items():
        assert tokenizer.decode(tokenizer.encode(text)) == text, name


@needs(subject=SUBJECT)
@requires("tiktoken")
@documents("tiktoken.openai-parity")
def test_tiktoken_on_the_same_merges_gives_the_same_ids(hf_tokenizer):
    """The pieces in order of id are tiktoken's ranks; the split pattern is GPT-2's own."""
    import tiktoken
    from tiktoken_ext.openai_public import r50k_pat_str
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    byte_of = {char: byte for byte, char in bytes_to_unicode().items()}
    ranks = {
        bytes(byte_of[char] for char in piece): token
        for piece, token in hf_tokenizer.get_vocab().items()
        if token < 50256
    }
    second = tiktoken.Encoding(
        "gpt2-from-transformers",
        pat_str=r50k_pat_str,
        mergeable_ranks=ranks,
        special_tokens={"<|endoftext|>": 50256},
    )
    for name, text in CORPUS.items():
        ids = hf_tokenizer.encode(text, add_special_tokens=False)
        assert second.encode(text, allowed_special="all") == ids, name
