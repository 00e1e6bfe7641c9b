"""tiktoken's Encoding over ranks written by hand, and how files of ranks are read."""

from __future__ import annotations

import base64
import hashlib
import pickle

import pytest

from harness.plugin import requires

pytestmark = pytest.mark.requires("tiktoken")

PIECES = [bytes([byte]) for byte in range(256)] + [b"ab", b"abc", " é".encode(), b"zz", b"yy"]
RANKS = {piece: rank for rank, piece in enumerate(PIECES)}
SPECIALS = {"<|endoftext|>": 270, "<|pad|>": 271}
ADDRESS = "https://example.invalid/ranks.tiktoken"


@pytest.fixture
def encoding():
    import tiktoken

    return tiktoken.Encoding(
        "by hand",
        pat_str=r" ?\w+|\s+(?!\S)|\s+|\W",
        mergeable_ranks=RANKS,
        special_tokens=SPECIALS,
    )


def test_pieces_merge_by_rank(encoding):
    assert encoding.encode("abc") == [257]
    assert encoding.encode("abab c") == [256, 256, 32, 99]
    assert encoding.encode("zz yy") == [259, 32, 260]
    assert encoding.encode(" é") == [258]


def test_every_piece_has_its_rank_and_every_rank_its_piece(encoding):
    for piece, rank in RANKS.items():
        assert encoding.encode_single_token(piece) == rank
        assert encoding.decode_single_token_bytes(rank) == piece
    for name, token in SPECIALS.items():
        assert encoding.encode_single_token(name) == token
    with pytest.raises(KeyError):
        encoding.encode_single_token("ba")
    with pytest.raises(KeyError):
        encoding.decode_single_token_bytes(269)


def test_a_token_is_special_or_not(encoding):
    assert [encoding.is_special_token(token) for token in (97, 259, 270, 271)] == [
        False,
        False,
        True,
        True,
    ]


def test_special_tokens_count_towards_the_vocabulary(encoding):
    assert (encoding.n_vocab, encoding.max_token_value) == (272, 271)
    assert encoding.eot_token == 270
    assert encoding.special_tokens_set == set(SPECIALS)


def test_text_of_a_special_token_is_text_unless_it_is_allowed(encoding):
    text = "a<|pad|>b"
    plain = list(text.encode())
    assert encoding.encode_ordinary(text) == plain
    assert encoding.encode(text, disallowed_special=()) == plain
    assert encoding.encode(text, allowed_special={"<|pad|>"}) == [97, 271, 98]
    assert encoding.encode_ordinary_batch([text], num_threads=1) == [plain]
    for call in (encoding.encode, encoding.encode_with_unstable):
        with pytest.raises(ValueError, match="disallowed special token"):
            call(text)
    with pytest.raises(ValueError, match="disallowed special token"):
        encoding.encode_batch([text])


def test_a_batch_keeps_its_order(encoding):
    texts = ["abc abc abc", "a", "", "zz yy", "ab"]
    alone = [encoding.encode(text) for text in texts]
    assert encoding.encode_batch(texts, num_threads=2) == alone
    assert encoding.encode_ordinary_batch(texts, num_threads=2) == alone
    assert encoding.decode_batch(alone, num_threads=2) == texts


def test_half_a_character_decodes_to_a_replacement_sign(encoding):
    """A byte that begins a character of two, and errors as `bytes.decode` knows them."""
    assert encoding.decode([97, 0xC3]) == "a\ufffd"
    assert encoding.decode([97, 0xC3], errors="ignore") == "a"
    assert encoding.decode_bytes([97, 0xC3]) == b"a\xc3"
    with pytest.raises(UnicodeDecodeError):
        encoding.decode([97, 0xC3], errors="strict")


def test_offsets_count_characters(encoding):
    text, offsets = encoding.decode_with_offsets([256, 258, 257])
    assert (text, offsets) == ("ab éabc", [0, 2, 4])
    assert encoding.decode_with_offsets([0xC3, 0xA9, 97]) == ("éa", [0, 0, 1])


@requires("tiktoken", "numpy")
def test_numpy_gives_the_ids_in_32_bits(encoding, observe):
    import numpy as np

    found = encoding.encode_to_numpy("abc zz")
    assert found.tolist() == encoding.encode("abc zz")
    observe.exact("dtype", str(np.dtype(found.dtype)))


def test_a_pickled_encoding_is_the_same_encoding(encoding):
    copy = pickle.loads(pickle.dumps(encoding))
    assert copy.encode("abc<|pad|>", allowed_special="all") == [257, 271]
    assert copy.n_vocab == encoding.n_vocab


def test_models_with_a_date_in_their_name_keep_their_encoding():
    import tiktoken

    names = {
        "gpt-4o-2024-05-13": "o200k_base",
        "chatgpt-4o-latest": "o200k_base",
        "o1-mini-2024-09-12": "o200k_base",
        "ft:gpt-4o:org::id": "o200k_base",
        "gpt-4-0613": "cl100k_base",
        "gpt-3.5-turbo-0125": "cl100k_base",
    }
    assert {name: tiktoken.encoding_name_for_model(name) for name in names} == names


@pytest.fixture
def cached_ranks(work_dir, monkeypatch):
    """`cached_ranks(content)` puts a file into tiktoken's cache; the address holds all of it."""
    import tiktoken.load

    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(work_dir))
    lines = (base64.b64encode(piece) + f" {rank}".encode() for piece, rank in RANKS.items())
    whole = b"\n".join(lines)
    monkeypatch.setattr(tiktoken.load, "read_file", lambda address: whole)

    def put(content=whole):
        (work_dir / hashlib.sha1(ADDRESS.encode()).hexdigest()).write_bytes(content)
        return hashlib.sha256(whole).hexdigest()

    return put


def test_a_file_of_ranks_is_read_to_its_last_line(cached_ranks):
    from tiktoken.load import load_tiktoken_bpe

    digest = cached_ranks()
    assert load_tiktoken_bpe(ADDRESS, digest) == RANKS


def test_a_cached_file_with_another_hash_is_fetched_anew(cached_ranks):
    from tiktoken.load import load_tiktoken_bpe

    digest = cached_ranks(b"YQ== 0\n")
    assert load_tiktoken_bpe(ADDRESS, digest) == RANKS
    with pytest.raises(ValueError, match="Hash mismatch"):
        load_tiktoken_bpe("https://example.invalid/other.tiktoken", "0" * 64)
