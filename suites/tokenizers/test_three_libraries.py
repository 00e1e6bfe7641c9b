"""One sentence through the vocabularies of three model families, and what names them."""

from __future__ import annotations

import base64
import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from harness.measure.documented import about
from harness.measure.prompts import CORPUS
from harness.plugin import documents, needs, requires, tier

SENTENCE = "Mechanistic interpretability of transformer models."
LLAMA_3 = Path(__file__).resolve().parents[2] / "fixtures" / "index" / "llama3.json"
LANGUAGES = (
    "german", "french", "russian", "greek", "arabic",
    "hindi", "chinese", "japanese", "korean", "thai",
)  # fmt: skip
CODE = ("python", "json")
REGISTRY = "tools/model_registry/data/supported_models.json"


@pytest.fixture
def llama_3() -> Any:
    """Llama 3's encoding, 3.3's as well, with the part of its vocabulary that SENTENCE needs."""
    import tiktoken

    facts = json.loads(LLAMA_3.read_text(encoding="utf-8"))
    assert facts["sentence"] == SENTENCE
    ranks = {base64.b64decode(piece): rank for piece, rank in facts["ranks"].items()}
    begin = {"<|begin_of_text|>": facts["vocabulary"]}
    return tiktoken.Encoding(
        "llama-3", pat_str=facts["pattern"], mergeable_ranks=ranks, special_tokens=begin
    )


def pieces(encoding: Any) -> list[str]:
    return [encoding.decode([token]) for token in encoding.encode(SENTENCE)]


@documents("tokenizers.llama3.count")
@requires("tiktoken")
def test_the_sentence_costs_so_many_llama_3_tokens(llama_3, observe):
    """`AutoTokenizer`'s `encode`, whose ids the document counts, puts the begin of text before."""
    found = observe.exact("pieces", pieces(llama_3))
    counts = {"without begin of text": len(found), "as encode counts": len(found) + 1}
    observe.claim("tokenizers.llama3.count", counts, holds=about(8, counts["as encode counts"]))
    assert "".join(found) == SENTENCE


@documents("tokenizers.qwen3.count")
@needs(subject="qwen")
def test_the_sentence_costs_so_many_qwen_tokens(tokenizer, observe):
    """Qwen3 kept this vocabulary; its tokenizer adds nothing before or after."""
    count = len(tokenizer.encode(SENTENCE))
    observe.claim("tokenizers.qwen3.count", count, holds=about(8, count))


@documents("tokenizers.three-vocabs-differ")
@needs(subject="qwen")
@requires("tiktoken")
def test_three_families_cut_the_sentence_like_this(tokenizer, llama_3, bench, observe):
    gpt = bench.pool.tokenizer(bench.prepared("o200k")).native
    cut = {"gpt-4o": pieces(gpt), "llama 3": pieces(llama_3), "qwen": pieces(tokenizer.native)}
    different = {tuple(found) for found in cut.values()}
    observe.claim("tokenizers.three-vocabs-differ", cut, holds=len(different) == 3)


@tier("quick")
@documents("tokenizers.non-english-diverge")
@needs(subject="qwen")
@requires("tiktoken")
def test_the_three_families_diverge_on_other_languages_and_agree_on_code(tokenizer, bench, observe):
    """Sharply: one of the three takes half as many tokens again as another, or more.

    Llama 3's counts are recorded with its whole vocabulary (`fixtures/index/llama3.json`).
    """
    gpt = bench.pool.tokenizer(bench.prepared("o200k"))
    llama = json.loads(LLAMA_3.read_text(encoding="utf-8"))["tokens of the corpus"]
    counts = {
        name: [len(gpt.encode(CORPUS[name])), llama[name], len(tokenizer.encode(CORPUS[name]))]
        for name in ("english", *LANGUAGES, *CODE)
    }
    sharply = {name for name, found in counts.items() if max(found) >= 1.5 * min(found)}
    observe.claim(
        "tokenizers.non-english-diverge",
        {"tokens of GPT-4o, Llama 3, Qwen": counts, "sharply": sorted(sharply)},
        holds=bool(sharply & set(LANGUAGES)) and bool(sharply & set(CODE)),
    )
    assert "english" not in sharply


@documents("tokenizers.fragment-unused-import")
@requires("tiktoken", "sentencepiece")
def test_the_fragments_import_line_works():
    import sentencepiece as spm
    import tiktoken

    assert callable(spm.SentencePieceProcessor)
    assert callable(tiktoken.encoding_for_model)


def listed(start: str) -> list[str]:
    """Names of repositories on the hub that begin so, of those transformer-lens has scanned."""
    registry = resources.files("transformer_lens") / REGISTRY
    if not registry.is_file():
        pytest.skip("this transformer-lens has no registry of models")
    models = json.loads(registry.read_text(encoding="utf-8"))["models"]
    return sorted(model["model_id"] for model in models if model["model_id"].startswith(start))


@documents("tokenizers.qwen3-7b-name")
@requires("transformer-lens")
def test_no_qwen3_of_7b_is_among_its_sizes(observe):
    """The registry is what a scan of the hub found, five hundred downloads and more."""
    sizes = {name.removeprefix("Qwen/Qwen3-") for name in listed("Qwen/Qwen3-")}
    dense = sorted(size for size in sizes if size.endswith("B") and "-" not in size)
    observe.claim("tokenizers.qwen3-7b-name", dense, holds="7B" in dense)
    assert "8B" in dense


@documents("tokenizers.llama33-name")
@needs(subject="gpt2-tokenizer")
@requires("transformer-lens", "transformers")
def test_llama_3_3_is_a_repository_of_a_kind_that_autotokenizer_loads(
    hf_tokenizer, work_dir, observe
):
    """A folder laid out as that repository is, with GPT-2's vocabulary standing in for its own."""
    from transformers import AutoTokenizer

    hf_tokenizer.backend_tokenizer.save(str(work_dir / "tokenizer.json"))
    files = {
        "config.json": {"model_type": "llama", "architectures": ["LlamaForCausalLM"]},
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"},
    }
    for name, content in files.items():
        (work_dir / name).write_text(json.dumps(content), encoding="utf-8")
    loaded = AutoTokenizer.from_pretrained(work_dir)
    names = listed("meta-llama/Llama-3.3")
    same = loaded(SENTENCE)["input_ids"] == hf_tokenizer(SENTENCE)["input_ids"]
    observe.claim(
        "tokenizers.llama33-name",
        {"repositories": names, "ids are the file's": same},
        holds="meta-llama/Llama-3.3-70B-Instruct" in names and same,
    )


@documents("sentencepiece.t5-llama")
@requires("transformers", "sentencepiece")
def test_t5_and_the_first_llamas_have_sentencepiece_files_and_llama_3_has_none(observe):
    from transformers import AutoTokenizer  # noqa: F401
    from transformers.models.llama import tokenization_llama as llama
    from transformers.models.t5 import tokenization_t5 as t5

    facts = json.loads(LLAMA_3.read_text(encoding="utf-8"))
    files = {
        "T5": t5.VOCAB_FILES_NAMES["vocab_file"],
        "Llama 1 and 2": llama.VOCAB_FILES_NAMES["vocab_file"],
        "Llama 3 read as SentencePiece": facts["as a SentencePiece model"],
    }
    observe.claim(
        "sentencepiece.t5-llama",
        files,
        holds=facts["as a SentencePiece model"] == "loads",
    )
    assert files["T5"] == "spiece.model"


@documents("sentencepiece.t5-llama")
@needs(subject="mistral-sentencepiece")
def test_a_vocabulary_of_llamas_line_loads_as_sentencepiece(tokenizer):
    """Mistral's first, made as Llama 2's was: byte-pair encoding with byte fallback."""
    assert tokenizer.native.get_piece_size() == 32000
    assert tokenizer.native.decode(tokenizer.native.encode(SENTENCE)) == SENTENCE


@documents("tokenizers.gpt2.vocab-order")
@needs(subject="gpt2-tokenizer")
def test_the_order_of_the_vocabulary_is_not_one_to_rely_on(hf_tokenizer, observe):
    documented = [
        "Ġchallenged", "Ġingested", "Ġsavings", "appropriately", "ĠUpton",
        "Ġdrive", "001", "Vari", "ĠPool", "Ġaids",
    ]  # fmt: skip
    first = list(hf_tokenizer.vocab)[:10]
    orders = {tuple(hf_tokenizer.get_vocab())[:10] for _ in range(3)}
    observe.claim(
        "tokenizers.gpt2.vocab-order",
        {"first ten": first, "different orders in three calls": len(orders)},
        holds=first == documented,
        steady=False,
    )


@documents("embedding.dim-vs-vocab")
@requires("transformers")
def test_embeddings_are_narrow_beside_their_vocabularies(observe):
    """By each family's default configuration: width and vocabulary of its base model."""
    from transformers import AutoConfig

    families = ("gpt2", "bert", "llama", "mistral", "t5", "bart", "opt", "qwen3", "gemma", "phi3")
    sizes = {}
    for family in families:
        config = AutoConfig.for_model(family)
        sizes[family] = [config.hidden_size, config.vocab_size]
    table = observe.exact("width and vocabulary", sizes)
    observe.claim(
        "embedding.dim-vs-vocab",
        {
            "widest, as a part of its vocabulary": round(max(w / v for w, v in table.values()), 3),
            "vocabularies": sorted({vocabulary for _, vocabulary in table.values()}),
        },
        holds=all(w < v / 4 and 30_000 <= v <= 500_000 for w, v in table.values()),
    )


@documents("tokenizers.bert.hello-shape")
@needs(subject="minilm-l6")
@requires("transformers", "torch")
def test_bert_base_turns_hello_world_into_four_vectors_of_768(hf_tokenizer, observe):
    """BERT's own vocabulary; base's default widths, and one of its twelve equal layers."""
    import torch
    from transformers import BertConfig, BertModel

    ids = hf_tokenizer("Hello world")["input_ids"]
    encoder = BertModel(BertConfig(num_hidden_layers=1)).eval()
    with torch.no_grad():
        states = encoder(torch.tensor([ids])).last_hidden_state
    shape = list(states.shape)
    observe.claim("tokenizers.bert.hello-shape", shape, holds=shape == [1, 4, 768])
