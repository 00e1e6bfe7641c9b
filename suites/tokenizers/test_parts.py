"""The parts of the tokenizers library, on vocabularies small enough to work out by hand."""

from __future__ import annotations

import pytest

from harness.measure.prompts import CORPUS
from harness.plugin import needs

pytestmark = pytest.mark.requires("tokenizers")

LETTERS = {letter: place for place, letter in enumerate("abcde")}
MERGES = [("a", "b"), ("ab", "c"), ("d", "e")]
"""In order of priority; the last one is read as well."""


@pytest.fixture
def words():
    """A word a token, split at spaces: <pad> 0, <unk> 1, [CLS] 2, [SEP] 3, then the words."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    names = ["<pad>", "<unk>", "[CLS]", "[SEP]", "the", "river", "is", "deep", "über", "naïve"]
    tokenizer = Tokenizer(
        models.WordLevel({name: place for place, name in enumerate(names)}, unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def pair_of_letters(**options):
    from tokenizers import Tokenizer, models

    pieces = [*LETTERS, *("".join(merge) for merge in MERGES)]
    vocabulary = {piece: place for place, piece in enumerate(pieces)}
    return Tokenizer(models.BPE(vocab=vocabulary, merges=MERGES, **options))


def test_every_merge_is_used():
    tokenizer = pair_of_letters()
    for piece in ("ab", "abc", "de"):
        assert tokenizer.encode(piece).tokens == [piece]
    assert tokenizer.encode("abcdeab").tokens == ["abc", "de", "ab"]


@needs(subject="gpt2-tokenizer")
def test_pieces_of_the_vocabulary_encode_to_themselves(hf_tokenizer, observe):
    """The last merges make the rarest words: nothing else tells that they are there."""
    last = [50255, 50254, 50253, 30000, 256, 257]
    again = [hf_tokenizer.encode(hf_tokenizer.decode([token])) for token in last]
    assert observe.exact("ids", again) == [[token] for token in last]


def test_a_byte_stands_in_for_what_the_vocabulary_lacks():
    """`<0xC3><0xA9>` is é in UTF-8; without byte fallback it is the unknown token."""
    from tokenizers import Tokenizer, decoders, models

    vocabulary = {"<unk>": 0, "a": 1} | {f"<0x{byte:02X}>": 2 + byte for byte in range(256)}

    def tokenizer(**options):
        made = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>", **options))
        made.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
        return made

    falling = tokenizer(byte_fallback=True)
    assert falling.encode("aé").tokens == ["a", "<0xC3>", "<0xA9>"]
    assert falling.decode(falling.encode("aé").ids) == "aé"
    assert tokenizer().encode("aé").tokens == ["a", "<unk>"]


def test_berts_normaliser_strips_accents_where_it_lowers_case():
    """By default the one goes with the other, as in BERT's own tokenization.py."""
    from tokenizers.normalizers import BertNormalizer

    text = "Crème BRÛLÉE"
    assert BertNormalizer().normalize_str(text) == "creme brulee"
    assert BertNormalizer(lowercase=False).normalize_str(text) == text
    assert BertNormalizer(strip_accents=False).normalize_str(text) == "crème brûlée"


def test_normalisers_run_in_the_order_of_their_sequence():
    from tokenizers import normalizers

    steps = [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    assert normalizers.Sequence(steps).normalize_str("ﬁn DE SIÈCLE") == "fin de siecle"
    assert normalizers.NFC().normalize_str("e\u0301") == "é"


@pytest.fixture
def templated(words):
    from tokenizers.processors import TemplateProcessing

    words.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return words


def test_a_template_sets_special_tokens_around_each_text(templated):
    encoding = templated.encode("the river")
    assert encoding.ids == [2, 4, 5, 3]
    assert encoding.special_tokens_mask == [1, 0, 0, 1]
    assert encoding.word_ids == [None, 0, 1, None]
    assert templated.num_special_tokens_to_add(is_pair=False) == 2
    assert templated.encode("the river", add_special_tokens=False).ids == [4, 5]


def test_a_pair_has_segments_and_sequences(templated):
    encoding = templated.encode("the river", "is deep")
    assert encoding.ids == [2, 4, 5, 3, 6, 7, 3]
    assert encoding.type_ids == [0, 0, 0, 0, 1, 1, 1]
    assert encoding.sequence_ids == [None, 0, 0, None, 1, 1, None]


def test_windows_of_a_long_text_overlap_by_the_stride(words):
    words.enable_truncation(max_length=3, stride=1)
    whole = words.encode("the river is deep the river")
    windows = [whole.ids, *(window.ids for window in whole.overflowing)]
    assert windows == [[4, 5, 6], [6, 7, 4], [4, 5]]
    words.enable_truncation(max_length=2, direction="left")
    assert words.encode("the river is deep").ids == [6, 7]
    words.no_truncation()
    assert len(words.encode("the river is deep").ids) == 4


def test_padding_goes_to_the_side_and_the_multiple_asked_for(words):
    texts = ["the river is deep the", "deep"]
    words.enable_padding(direction="left", pad_id=0, pad_token="<pad>", pad_to_multiple_of=8)
    long, short = words.encode_batch(texts)
    assert long.ids == [0, 0, 0, 4, 5, 6, 7, 4]
    assert short.ids == [0] * 7 + [7]
    assert short.attention_mask == [0] * 7 + [1]
    words.enable_padding(pad_id=1, pad_token="<unk>", pad_type_id=1)
    assert [encoding.ids for encoding in words.encode_batch(texts)][1] == [7, 1, 1, 1, 1]
    words.no_padding()
    assert [len(encoding.ids) for encoding in words.encode_batch(texts)] == [5, 1]


def test_offsets_count_characters(words):
    text = "über the naïve river"
    for encoding in (words.encode(text), words.encode_batch([text])[0]):
        assert encoding.offsets == [(0, 4), (5, 8), (9, 14), (15, 20)]
        assert [text[start:end] for start, end in encoding.offsets] == text.split()


def test_a_character_knows_its_token_and_a_token_its_characters(words):
    text = "the river is deep"
    encoding = words.encode(text)
    found = [encoding.char_to_token(place) for place in range(len(text))]
    expected = [0] * 3 + [None] + [1] * 5 + [None] + [2] * 2 + [None] + [3] * 4
    assert found == expected
    assert [encoding.token_to_chars(token) for token in range(4)] == encoding.offsets
    assert [encoding.token_to_word(token) for token in range(4)] == [0, 1, 2, 3]


def test_added_tokens_are_found_in_the_text_and_counted(words):
    from tokenizers import AddedToken

    known = words.get_vocab_size()
    assert words.add_special_tokens(["<end>"]) == 1
    assert words.add_tokens([AddedToken("New York", single_word=True)]) == 1
    assert words.get_vocab_size() == known + 2
    assert words.get_vocab_size(with_added_tokens=False) == known
    ids = words.encode("the New York river<end>").ids
    assert ids == [4, known + 1, 5, known]
    assert words.decode(ids) == "the New York river"
    assert words.decode(ids, skip_special_tokens=False) == "the New York river <end>"
    assert words.encode("New Yorkers").ids == [1, 1]


def test_training_leaves_out_pairs_that_are_rarer_than_asked(observe):
    """`ab` stands there twice, `cd` once."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    def trained(min_frequency):
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        trainer = trainers.BpeTrainer(
            vocab_size=100, min_frequency=min_frequency, show_progress=False
        )
        tokenizer.train_from_iterator(["ab ab cd"], trainer)
        return sorted(tokenizer.get_vocab())

    assert trained(2) == ["a", "ab", "b", "c", "d"]
    assert trained(1) == ["a", "ab", "b", "c", "cd", "d"]


def test_a_batch_of_pairs_encodes_as_the_pairs_do_alone(templated):
    pairs = [("the river", "is deep"), ("deep", "the")]
    batch = [encoding.ids for encoding in templated.encode_batch(pairs)]
    assert batch == [templated.encode(*pair).ids for pair in pairs]


def test_a_copy_by_way_of_text_encodes_alike(train_byte_bpe):
    from tokenizers import Tokenizer

    tokenizer = train_byte_bpe()
    copy = Tokenizer.from_str(tokenizer.to_str())
    for name, text in CORPUS.items():
        assert copy.encode(text).ids == tokenizer.encode(text).ids, name
