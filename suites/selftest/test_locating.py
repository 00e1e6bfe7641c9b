"""The worker for real, on tiny models that differ in one known place."""

from __future__ import annotations

import json
import shutil

import pytest

from harness.blame.locate import locate
from harness.blame.matching import match
from harness.locating.__main__ import main
from harness.locating.asked import Asked
from harness.locating.capturing import capture_model
from harness.vocabulary.captures import Call, read_capture
from harness.vocabulary.places import home

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

ARCHITECTURES = home() / "fixtures" / "architectures"


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def captured(tmp_path):
    """`captured(folder, *options)`: what the worker saw in the model of this folder."""

    def run(folder, *options):
        out = tmp_path / f"{len(list(tmp_path.glob('*.jsonl')))}.jsonl"
        asked = ["--subject", f"tiny={folder}", "--out", str(out), "--threads", "1,2"]
        assert main(["model", *asked, *options]) == 0
        with out.open(encoding="utf-8") as lines:
            return read_capture(lines, str(out))

    return run


@pytest.fixture
def changed(tmp_path):
    """`changed(name, weight, by)`: the tiny model with one entry of one weight moved."""

    def copy(name, weight, by):
        from safetensors.torch import load_file, save_file

        folder = tmp_path / f"changed-{name}"
        shutil.copytree(ARCHITECTURES / name, folder)
        weights = load_file(folder / "model.safetensors")
        weights[weight].view(-1)[0] += by
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        return folder

    return copy


@pytest.mark.parametrize("name", ["llama", "t5", "bert", "mamba"])
def test_a_model_does_not_part_from_itself(name, captured):
    first, second = (captured(ARCHITECTURES / name) for _ in range(2))
    found = locate(first, second)
    assert (found.origin, found.first, found.lacking) == (None, None, "")
    assert len(match(first, second).pairs) > 10


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("llama", "model.layers.1.mlp.down_proj"),
        ("gemma2", "model.layers.0.post_attention_layernorm"),
        ("t5", "decoder.block.0.layer.1.EncDecAttention.v"),
    ],
)
def test_one_entry_of_one_weight_moved_by_a_thousandth_is_found(name, module, captured, changed):
    before = captured(ARCHITECTURES / name)
    found = locate(before, captured(changed(name, f"{module}.weight", 1e-3)))
    assert found.origin.name == found.first.name == module
    assert found.origin.parameters == ("weight",)
    assert found.growth[-1].output.beyond


def test_the_first_attention_and_both_implementations_come_out(captured):
    """Gemma 2 caps its attention's scores by tanh, which sdpa of torch cannot."""
    before = captured(ARCHITECTURES / "gemma2", "--attention", "eager")
    after = captured(ARCHITECTURES / "llama", "--attention", "sdpa")
    assert (before.paths.attention, after.paths.attention) == ("eager", "sdpa")
    assert "tanh" in before.modules["model.layers.0.self_attn"].operations
    assert "scaled_dot_product_attention" in after.modules["model.layers.0.self_attn"].operations


def test_another_implementation_of_attention_is_noise_but_its_bits_are_told(captured):
    found = locate(
        *(captured(ARCHITECTURES / "llama", "--attention", each) for each in ("eager", "sdpa"))
    )
    assert found.origin is None
    assert found.first_bit.name == "model.layers.0.self_attn.o_proj"


def test_given_ids_are_what_the_model_reads(captured):
    found = captured(ARCHITECTURES / "llama", "--ids", "5,6,7")
    embedded = found.passes()[0]["model.embed_tokens", 0]
    assert embedded.inputs[0].entries == (5.0, 6.0, 7.0)


def test_a_capture_that_ends_in_an_error_leaves_no_file(tmp_path):
    folder = tmp_path / "llama"
    shutil.copytree(ARCHITECTURES / "llama", folder)
    (folder / "model.safetensors").unlink()
    out = tmp_path / "out" / "capture.jsonl"
    with pytest.raises(OSError, match=r"model\.safetensors"):
        main(["model", "--subject", f"tiny={folder}", "--out", str(out)])
    assert list(out.parent.iterdir()) == []


def test_a_model_that_raises_whoever_looks_is_told_as_that(captured):
    found = captured(ARCHITECTURES / "llama", "--ids", "5,9999")
    assert (found.raised, found.complete) == ("IndexError: index out of range in self", True)
    assert found.paths.type == "LlamaForCausalLM"


def test_what_goes_wrong_while_looking_is_not_put_on_the_model(tmp_path):
    def full(seen):
        if isinstance(seen, Call):
            raise ValueError("no room for it")

    asked = Asked(f"tiny={ARCHITECTURES / 'llama'}", "float32", "cpu", tmp_path / "out", (5, 6, 7))
    with pytest.raises(ValueError, match="no room for it"):
        capture_model(asked, full)


def test_a_subject_that_there_is_not_is_wrong_usage(tmp_path, capsys):
    asked = ["model", "--subject", "gemma9", "--out", str(tmp_path / "out")]
    assert main(asked) == 2
    assert "unknown subject 'gemma9'" in capsys.readouterr().err


def test_a_tokenizer_is_told_stage_by_stage(tmp_path):
    pytest.importorskip("tokenizers")
    from harness.subjects.standin_tokenizers import write_byte_level

    folder = tmp_path / "bytes"
    folder.mkdir()
    write_byte_level(folder)
    out = tmp_path / "out.jsonl"
    asked = ["--subject", f"bytes={folder}", "--out", str(out), "--text", "tea"]
    assert main(["tokenizer", *asked]) == 0
    with out.open(encoding="utf-8") as lines:
        found = read_capture(lines, str(out))
    of_text = {each.stage: each.value for each in found.stages if each.text == "text"}
    assert [token for token, _ in of_text["model"]] == ["t", "e", "a"]
    assert of_text["decoder"] == "tea"
    assert all(json.dumps(each.value) for each in found.stages)
