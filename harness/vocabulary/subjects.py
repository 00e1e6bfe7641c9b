"""A subject: a model or tokenizer under test, as its registry entry describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Source = Literal["bundled", "wheel", "hub", "path"]
Format = Literal["transformers", "tiktoken", "sentencepiece", "gguf"]
Ability = Literal["tokenizer", "causal-lm", "encoder", "chat", "pretrained"]


@dataclass(frozen=True)
class File:
    """One file of a subject.

    `origin` is where the source has it (a path in the wheel, the hub repository or the
    folder), `name` what it is called in the subject's own directory.
    """

    origin: str
    name: str
    sha256: str


@dataclass(frozen=True)
class Subject:
    """An entry of `fixtures/subjects.toml`, or of the user's own file.

    `abilities` say which behaviours apply: `tokenizer` turns text into ids, `causal-lm`
    and `encoder` compute, `chat` has a chat template, `pretrained` has weights that mean
    something (circuits are looked for only there). A tokenizer subject has no precision.
    """

    name: str
    architecture: str
    source: Source
    format: Format
    abilities: frozenset[str]
    licence: str = ""
    package: str = ""
    version: str = ""
    package_sha256: str = ""
    repository: str = ""
    revision: str = ""
    directory: str = ""
    files: tuple[File, ...] = ()
    converted: tuple[File, ...] = ()
    pattern: str = ""
    default: bool = False

    @property
    def is_model(self) -> bool:
        return bool(self.abilities & {"causal-lm", "encoder"})
