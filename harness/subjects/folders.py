"""A folder of the user's own as a subject: what its files say it can do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.vocabulary.errors import SubjectError
from harness.vocabulary.subjects import Format, Subject

_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_KEPT = (
    "*.safetensors", "*.safetensors.index.json", "config.json", "generation_config.json",
    "tokenizer*.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt",
    "merges.txt", "*.model", "*.tiktoken", "chat_template.*",
)  # fmt: skip
_ALLOWED = "a folder with config.json and *.safetensors, or with a tokenizer's files"


@dataclass(frozen=True)
class Folder:
    """What lies in a folder. `files` are the names of those that make up the subject."""

    path: Path
    files: tuple[str, ...]
    config: dict[str, Any]
    tokenizer: Format | None
    chat: bool

    @property
    def has_weights(self) -> bool:
        return any(name.endswith(".safetensors") for name in self.files)


def subject_of_folder(name: str, path: Path) -> Subject:
    """A `path` subject from a folder, with the abilities that its files show.

    Never `pretrained`: files do not say whether weights mean something. Raises
    SubjectError for a folder that is missing, holds pickles only, or is no model.
    """
    folder = inspect_folder(path)
    abilities = set()
    if folder.has_weights:
        abilities.add(_model_ability(folder))
    if folder.tokenizer is not None:
        abilities.add("tokenizer")
    if folder.chat:
        abilities.add("chat")
    return Subject(
        name=name,
        architecture=str(folder.config.get("model_type", "")),
        source="path",
        format="transformers" if folder.has_weights else folder.tokenizer or "transformers",
        abilities=frozenset(abilities),
        directory=str(folder.path),
    )


def inspect_folder(path: Path) -> Folder:
    """List what makes up the subject in `path`; raises SubjectError where nothing does."""
    path = path.expanduser().absolute()
    if path.suffix == ".gguf" and path.is_file():
        raise SubjectError(
            "a GGUF file is no subject: each stack would dequantise it in its own way",
            where=str(path),
            allowed=_ALLOWED,
            next=f"harness subjects convert {path} {path.with_suffix('')}, then give that folder",
        )
    if not path.is_dir():
        what = "is no folder" if path.exists() else "does not exist"
        raise SubjectError(
            f"the subject's folder {what}",
            where=str(path),
            allowed=_ALLOWED,
            next="--subject NAME=PATH with the path of such a folder",
        )
    files = sorted({file.name for kept in _KEPT for file in path.glob(kept) if file.is_file()})
    folder = Folder(path, tuple(files), _config(path), _tokenizer_format(files), _has_chat(path))
    if folder.has_weights or (folder.tokenizer is not None and not _pickled(path)):
        return folder
    raise _refusal(path)


def _refusal(path: Path) -> SubjectError:
    pickled = _pickled(path)
    if pickled:
        return SubjectError(
            f"the weights are pickled ({', '.join(pickled)}), and nothing is unpickled here",
            where=str(path),
            allowed="*.safetensors",
            next="load the model where you trust it, then save_pretrained(folder, "
            "safe_serialization=True)",
        )
    return SubjectError(
        "the folder holds no model and no tokenizer", where=str(path), allowed=_ALLOWED
    )


def _pickled(path: Path) -> list[str]:
    return sorted(file.name for pattern in _PICKLED for file in path.glob(pattern))


def _config(path: Path) -> dict[str, Any]:
    file = path / "config.json"
    if not file.is_file():
        if any(path.glob("*.safetensors")):
            raise SubjectError("a model without config.json", where=str(path), allowed=_ALLOWED)
        return {}
    return _json(file)


def _json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SubjectError(f"{file.name} is unreadable: {error}", where=str(file)) from None
    if not isinstance(value, dict):
        raise SubjectError(f"{file.name} is no JSON object", where=str(file))
    return value


def _tokenizer_format(files: list[str]) -> Format | None:
    names = set(files)
    if names & {"tokenizer.json", "tokenizer_config.json", "vocab.txt"}:
        return "transformers"
    if {"vocab.json", "merges.txt"} <= names:
        return "transformers"
    return "sentencepiece" if sum(name.endswith(".model") for name in files) == 1 else None


def _has_chat(path: Path) -> bool:
    if (path / "chat_template.jinja").is_file() or (path / "chat_template.json").is_file():
        return True
    config = path / "tokenizer_config.json"
    return config.is_file() and bool(_json(config).get("chat_template"))


def _model_ability(folder: Folder) -> str:
    """`causal-lm` or `encoder`, by the class in `architectures` that saved the weights."""
    names = [str(name) for name in folder.config.get("architectures") or ()]
    if not folder.config.get("is_encoder_decoder", False):
        if any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in names):
            return "causal-lm"
        if any(name.endswith(("Model", "ForMaskedLM")) for name in names):
            return "encoder"
    raise SubjectError(
        f"no behaviour applies to the architecture {', '.join(names) or 'that is not named'}",
        where=str(folder.path / "config.json"),
        allowed="architectures of decoders (…ForCausalLM, …LMHeadModel) or encoders (…Model, "
        "…ForMaskedLM)",
    )
