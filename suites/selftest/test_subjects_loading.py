"""Loading and the pool, on tiny models made on the spot."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from harness.subjects import (
    Pool,
    Prepared,
    load_default,
    load_model,
    load_tokenizer,
    prepare,
    read_registry,
    select,
)
from harness.subjects.weights import estimated_bytes
from harness.vocabulary.cells import Cell
from harness.vocabulary.errors import NoEvidence, SubjectError

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

ROOT = Path(__file__).resolve().parents[2]
WIDTH, LAYERS, VOCABULARY = 64, 2, 100


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def fill(model: Any) -> Any:
    """Weights from a seeded generator, whatever the library's own initialisation does."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return model


def saved(folder: Path, model: Any) -> Prepared:
    model.save_pretrained(folder)
    (subject,) = select({}, [f"{folder.name}={folder}"])
    return prepare(subject)


@pytest.fixture(scope="module")
def llama(cache: None, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    config = transformers.LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=128,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
    )
    folder = tmp_path_factory.mktemp("models") / "llama"
    return saved(folder, fill(transformers.LlamaForCausalLM(config)))


@pytest.fixture(scope="module")
def bert(cache: None, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    config = transformers.BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=128,
    )
    return saved(tmp_path_factory.mktemp("models") / "bert", fill(transformers.BertModel(config)))


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_a_model_is_loaded_in_the_type_asked_for(llama: Prepared, precision: str) -> None:
    model = load_model(llama, precision, "cpu")
    assert {parameter.dtype for parameter in model.parameters()} == {getattr(torch, precision)}
    assert not model.training


@pytest.mark.parametrize(("precision", "layer"), [("int8", "Linear8bitLt"), ("nf4", "Linear4bit")])
def test_quantised_layers_are_those_of_bitsandbytes_and_compute_in_float32(
    llama: Prepared, precision: str, layer: str
) -> None:
    pytest.importorskip("bitsandbytes")
    model = load_model(llama, precision, "cpu")
    assert type(model.model.layers[0].mlp.up_proj).__name__ == layer
    assert model(torch.tensor([[1, 2, 3]])).logits.dtype == torch.float32


@pytest.mark.parametrize("precision", ["nf4", "fp4"])
def test_the_four_bit_type_is_the_one_asked_for(llama: Prepared, precision: str) -> None:
    pytest.importorskip("bitsandbytes")
    layer = load_model(llama, precision, "cpu").model.layers[0].mlp.up_proj
    assert layer.weight.quant_state.quant_type == precision


def test_an_encoder_is_loaded_without_a_head(bert: Prepared) -> None:
    assert type(load_model(bert, "float32", "cpu")).__name__ == "BertModel"


def test_loading_by_default_passes_on_only_what_is_given(llama: Prepared) -> None:
    assert load_default(llama).dtype == torch.float32
    assert load_default(llama, attn_implementation="eager").config._attn_implementation == "eager"


def test_a_tokenizer_subject_loads_as_no_model(cache: None) -> None:
    found = prepare(read_registry(ROOT)["cl100k"])
    with pytest.raises(SubjectError, match="no model"):
        load_model(found, "float32", "cpu")


def test_weights_that_are_no_safetensors_are_refused(llama: Prepared, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(SubjectError, match="no safetensors file"):
        estimated_bytes(tmp_path, "float32")


def test_the_estimate_in_float32_is_four_bytes_a_parameter(llama: Prepared) -> None:
    parameters = sum(p.numel() for p in load_model(llama, "float32", "cpu").parameters())
    assert estimated_bytes(llama.directory, "float32") == 4 * parameters
    assert estimated_bytes(llama.directory, "float16") == 2 * parameters


@pytest.mark.parametrize("precision", ["int8", "nf4"])
def test_the_estimate_of_a_quantised_model_is_near_its_footprint(
    llama: Prepared, precision: str
) -> None:
    pytest.importorskip("bitsandbytes")
    footprint = load_model(llama, precision, "cpu").get_memory_footprint()
    assert estimated_bytes(llama.directory, precision) == pytest.approx(footprint, rel=0.1)


def cell(prepared: Prepared, precision: str = "float32") -> Cell:
    return Cell(prepared.entry.name, precision, "cpu")


def test_the_pool_loads_a_model_once_a_cell(llama: Prepared) -> None:
    pool = Pool(2**30)
    first = pool.model(llama, cell(llama))
    assert pool.model(llama, cell(llama)) is first
    assert pool.loads == {("llama-float32-cpu", "model"): 1}
    assert pool.seconds > 0


def test_a_released_cell_is_dropped_and_others_stay(llama: Prepared, bert: Prepared) -> None:
    pool = Pool(2**30)
    pool.model(llama, cell(llama))
    kept = pool.model(bert, cell(bert))
    pool.release(cell(llama))
    assert pool.held_bytes == estimated_bytes(bert.directory, "float32")
    assert pool.model(bert, cell(bert)) is kept


def test_the_least_recently_used_goes_first_when_the_budget_is_full(
    llama: Prepared, bert: Prepared
) -> None:
    sizes = [estimated_bytes(found.directory, "float32") for found in (llama, bert)]
    half = estimated_bytes(llama.directory, "float16")
    pool = Pool(sum(sizes) + half - 1)
    pool.model(llama, cell(llama))
    pool.model(bert, cell(bert))
    pool.model(llama, cell(llama))
    pool.model(llama, cell(llama, "float16"))
    pool.model(llama, cell(llama))
    assert pool.held_bytes == sizes[0] + half
    assert pool.loads["llama-float32-cpu", "model"] == 1


def test_a_subject_larger_than_the_budget_is_no_evidence(llama: Prepared) -> None:
    with pytest.raises(NoEvidence, match="memory budget") as caught:
        Pool(1000).model(llama, cell(llama))
    assert "MiB" in caught.value.what
    assert caught.value.next.startswith("--memory-budget")


def with_tokenizer(found: Prepared) -> Prepared:
    """The llama with a tokenizer of words beside it."""
    vocabulary = {f"w{index}": index for index in range(VOCABULARY)}
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="w0"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(found.directory / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "w0",
        "bos_token": "w0",
        "eos_token": "w0",
        "pad_token": "w0",
    }
    (found.directory / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    (subject,) = select({}, [f"llama={found.directory}"])
    return prepare(subject)


@pytest.mark.parametrize("kind", ["bridge", "hooked"])
def test_what_transformer_lens_makes_agrees_and_leaves_the_model_as_it_was(
    llama: Prepared, kind: str
) -> None:
    pytest.importorskip("transformer_lens")
    if kind == "hooked" and int(version("transformer-lens").split(".")[0]) >= 4:
        pytest.skip("transformer-lens 4 has no HookedTransformer")
    found = with_tokenizer(llama)
    pool = Pool(2**30)
    model = pool.model(found, cell(found))
    ids = torch.tensor([[5, 17, 40, 3]])
    with torch.no_grad():
        before = model(ids).logits.log_softmax(-1)
        seen = getattr(pool, kind)(found, cell(found))(ids).log_softmax(-1)
        after = model(ids).logits.log_softmax(-1)
    assert torch.equal(before, after)
    assert model.config._attn_implementation == "sdpa"
    torch.testing.assert_close(seen, before, atol=1e-3, rtol=0)


def test_a_model_and_its_bridge_have_to_fit_together(llama: Prepared) -> None:
    pool = Pool(int(1.5 * estimated_bytes(llama.directory, "float32")))
    with pytest.raises(NoEvidence, match="model and bridge"):
        pool.bridge(llama, cell(llama))


@pytest.mark.parametrize(
    ("name", "library", "size"),
    [("cl100k", "tiktoken", 100277), ("o200k", "tiktoken", 200019), ("gpt2-tokenizer", "", 50257)],
)
def test_a_bundled_tokenizer_has_the_published_size_and_gives_text_back(
    cache: None, name: str, library: str, size: int
) -> None:
    pytest.importorskip(library or "transformers")
    tokenizer = load_tokenizer(prepare(read_registry(ROOT)[name]))
    text = "The counselor  café 🤖 12345\n"
    assert tokenizer.vocab_size == size
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_tiktoken_is_the_librarys_own_encoding(cache: None) -> None:
    pytest.importorskip("tiktoken")
    tokenizer = load_tokenizer(prepare(read_registry(ROOT)["cl100k"]))
    assert tokenizer.native.name == "cl100k_base"
    assert tokenizer.encode("hello world") == [15339, 1917]


def test_a_pattern_makes_an_encoding_of_the_subjects_own_ranks(cache: None, tmp_path: Path) -> None:
    pytest.importorskip("tiktoken")
    lines = "YQ== 0\nYg== 1\nYWI= 2\nIA== 3\n"
    (tmp_path / "tiny.tiktoken").write_text(lines, encoding="utf-8")
    entry = read_registry(ROOT)["qwen"]
    tokenizer = load_tokenizer(Prepared(entry, tmp_path, ""))
    assert tokenizer.encode("ab ba") == [2, 3, 1, 0]
    assert tokenizer.vocab_size == 4


def test_gpt2s_ids_are_the_published_ones(cache: None) -> None:
    tokenizer = load_tokenizer(prepare(read_registry(ROOT)["gpt2-tokenizer"]))
    assert tokenizer.encode("Hello world") == [15496, 995]
