"""From a name to a subject: the registry's file, selection, and folders of the user's own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.subjects import read_registry, select
from harness.vocabulary.errors import SubjectError, UsageError
from harness.vocabulary.subjects import Subject

ROOT = Path(__file__).resolve().parents[2]
SHA = "0" * 64
ENTRY = f"""
[tiny]
architecture = "gpt2"
source = "bundled"
format = "transformers"
abilities = ["tokenizer"]
files = [{{ name = "vocab.json", sha256 = "{SHA}" }}]
"""


def registry_of(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return file


def model_folder(tmp_path: Path, architecture: str, **config: object) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    fields = {"architectures": [architecture], "model_type": "llama", **config}
    (folder / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    (folder / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    return folder


def test_the_project_has_a_default_model_encoder_and_five_tokenizers() -> None:
    chosen = {subject.name: subject.abilities for subject in select(read_registry(ROOT))}
    assert chosen["smollm2-135m-instruct"] == {"causal-lm", "tokenizer", "chat", "pretrained"}
    assert chosen["minilm-l6"] == {"encoder", "tokenizer", "pretrained"}
    tokenizers = {name for name, abilities in chosen.items() if abilities == {"tokenizer"}}
    assert tokenizers == {"gpt2-tokenizer", "o200k", "cl100k", "mistral-sentencepiece", "qwen"}


def test_a_hub_subject_is_selected_only_by_name() -> None:
    registry = read_registry(ROOT)
    assert not registry["gpt2"].default
    assert select(registry, ["gpt2"])[0].revision == "607a30d783dfa663caf39e06633721c8d4cfcd7e"


def test_the_users_file_adds_to_the_projects(tmp_path: Path) -> None:
    registry = read_registry(ROOT, registry_of(tmp_path, ENTRY))
    assert registry["tiny"].directory == str(tmp_path)
    assert "minilm-l6" in registry


@pytest.mark.parametrize(
    ("old", "new", "field", "allowed"),
    [
        ('"bundled"', '"ftp"', "source", "bundled, wheel, hub, path"),
        ('["tokenizer"]', '["poetry"]', "abilities", "causal-lm"),
        (SHA, "abc", "files.sha256", "64 hexadecimal digits"),
        ('"vocab.json"', '"../vocab.json"', "files", "without '..'"),
        ("architecture", "architektur", "architektur", "architecture"),
        ('format = "transformers"', "", "format", "format"),
        ('"gpt2"', "3", "architecture", "a string"),
    ],
)
def test_a_bad_entry_is_named_with_its_file_field_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, field: str, allowed: str
) -> None:
    file = registry_of(tmp_path, ENTRY.replace(old, new))
    with pytest.raises(SubjectError) as caught:
        read_registry(ROOT, file)
    assert "'tiny'" in caught.value.what
    assert repr(field) in caught.value.what
    assert str(file) in caught.value.where
    assert allowed in caught.value.allowed


def test_a_hub_subject_needs_a_commit_and_no_branch(tmp_path: Path) -> None:
    entry = ENTRY.replace('"bundled"', '"hub"') + 'repository = "a/b"\nrevision = "main"\n'
    with pytest.raises(SubjectError, match="revision") as caught:
        read_registry(ROOT, registry_of(tmp_path, entry))
    assert "commit" in caught.value.allowed


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    file = registry_of(tmp_path, "[tiny")
    with pytest.raises(SubjectError, match="unreadable") as caught:
        read_registry(ROOT, file)
    assert caught.value.where == str(file)


def test_an_unknown_subject_lists_the_known_and_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'minilm-l6'") as caught:
        select(read_registry(ROOT), ["minilm-16"])
    assert "smollm2-135m-instruct" in caught.value.allowed


@pytest.mark.parametrize(
    ("architecture", "ability"),
    [("LlamaForCausalLM", "causal-lm"), ("GPT2LMHeadModel", "causal-lm"), ("BertModel", "encoder")],
)
def test_a_folders_ability_follows_from_its_architecture(
    tmp_path: Path, architecture: str, ability: str
) -> None:
    (subject,) = select({}, [f"mine={model_folder(tmp_path, architecture)}"])
    assert subject.abilities == {ability}


def test_a_folder_with_tokenizer_and_template_can_chat_and_is_never_pretrained(
    tmp_path: Path,
) -> None:
    folder = model_folder(tmp_path, "LlamaForCausalLM")
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    (folder / "chat_template.jinja").write_text("{{ messages }}", encoding="utf-8")
    (subject,) = select({}, [f"mine={folder}"])
    assert subject.abilities == {"causal-lm", "tokenizer", "chat"}


def test_a_users_file_may_say_that_a_folder_is_pretrained(tmp_path: Path) -> None:
    model_folder(tmp_path, "LlamaForCausalLM")
    text = '[mine]\nsource = "path"\ndirectory = "model"\nabilities = ["causal-lm", "pretrained"]\n'
    subject = read_registry(ROOT, registry_of(tmp_path, text))["mine"]
    assert subject.architecture == "llama"
    assert subject.abilities == {"causal-lm", "pretrained"}


def refused(argument: str) -> SubjectError:
    with pytest.raises(SubjectError) as caught:
        select({}, [argument])
    return caught.value


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert refused(f"mine={tmp_path / 'nowhere'}").where == str(tmp_path / "nowhere")


def test_pickled_weights_are_refused_with_what_to_do(tmp_path: Path) -> None:
    folder = model_folder(tmp_path, "LlamaForCausalLM")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    error = refused(f"mine={folder}")
    assert "pytorch_model.bin" in error.what
    assert "safe_serialization" in error.next


def test_a_gguf_file_is_refused_with_the_command_that_converts_it(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    assert f"harness subjects convert {file}" in refused(f"mine={file}").next


def test_an_encoder_decoder_is_refused(tmp_path: Path) -> None:
    folder = model_folder(tmp_path, "T5ForConditionalGeneration", is_encoder_decoder=True)
    assert "T5ForConditionalGeneration" in refused(f"mine={folder}").what


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    assert "no model and no tokenizer" in refused(f"mine={tmp_path}").what


def test_a_broken_config_is_refused(tmp_path: Path) -> None:
    folder = model_folder(tmp_path, "LlamaForCausalLM")
    (folder / "config.json").write_text("{", encoding="utf-8")
    assert "config.json is unreadable" in refused(f"mine={folder}").what


def test_selecting_imports_no_library_under_test() -> None:
    code = (
        "import sys; from pathlib import Path; from harness import subjects\n"
        f"subjects.select(subjects.read_registry(Path({str(ROOT)!r})))\n"
        "from harness.vocabulary.stacks import LIBRARIES, import_name\n"
        "print([name for name in LIBRARIES if import_name(name) in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_selecting_keeps_the_order_asked_for_and_drops_repeats() -> None:
    registry = {
        name: Subject(name, "x", "bundled", "tiktoken", frozenset({"tokenizer"})) for name in "abc"
    }
    assert [subject.name for subject in select(registry, ["c", "a", "c"])] == ["c", "a"]
