"""Tasks: what one worker process of a benchmark can measure after one setup, by name."""

from __future__ import annotations

from harness.vocabulary.stacks import LIBRARIES

TOKENIZER_LIBRARIES: tuple[str, ...] = ("tokenizers", "tiktoken", "sentencepiece", "transformers")

TASKS: tuple[str, ...] = (
    *(f"import.{library}" for library in LIBRARIES),
    "load",
    "model",
    "memory",
    *(f"tokenizers.{library}" for library in TOKENIZER_LIBRARIES),
    "autoencoder",
    "hooks.bridge",
    "hooks.hooked",
)
"""Every task. What follows a dot is the library, or the kind of hooks, that it is about."""

OF_AN_ARM: tuple[str, ...] = ("load", "model", "memory")
"""What depends on more of an arm than its stack."""
