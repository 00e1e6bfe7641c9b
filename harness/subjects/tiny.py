"""The smallest of each thing that misuse and defaults are tried on."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.subjects import checkpoints
from harness.subjects.standin_tokenizers import write_byte_level

SENTENCES = ["the keeper of the house", "a river to the sea", "it is the sea and the river"]


@dataclass(frozen=True)
class Tiny:
    """Things made when they are asked for, and kept by `keep(key, make)` as long as the cell.

    Each takes only the libraries it is made of. `folder` is the behaviour's own; `place()` makes
    a folder that lasts as long as what is kept.
    """

    folder: Path
    place: Callable[[], Path]
    keep: Callable[[object, Callable[[], Any]], Any]

    def _once(self, key: str, make: Callable[[], Any]) -> Any:
        return self.keep(("tiny", key), make)

    @property
    def checkpoint(self) -> Path:
        """The folder of a tiny Llama in bfloat16 and its tokenizer, shared: never change it."""
        found: Path = self._once("checkpoint", lambda: checkpoints.write_llama(self.place()))
        return found

    @property
    def tokenizer_file(self) -> Path:
        """The tokenizer.json of one token a byte, shared: never change it."""

        def write() -> Path:
            folder = self.place()
            write_byte_level(folder)
            return folder / "tokenizer.json"

        found: Path = self._once("tokenizer file", write)
        return found

    @property
    def model(self) -> Any:
        from transformers import AutoModelForCausalLM

        return self._once(
            "model", lambda: AutoModelForCausalLM.from_pretrained(self.checkpoint).float()
        )

    @property
    def tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return self._once("tokenizer", lambda: AutoTokenizer.from_pretrained(self.checkpoint))

    @property
    def fast(self) -> Any:
        from tokenizers import Tokenizer

        return self._once("fast", lambda: Tokenizer.from_file(str(self.tokenizer_file)))

    @property
    def ranks(self) -> Any:
        """tiktoken: one token a byte, and one special token."""
        from tiktoken import Encoding

        single = {bytes([byte]): byte for byte in range(256)}
        return Encoding(
            "tiny", pat_str=".", mergeable_ranks=single, special_tokens={"<|end|>": 256}
        )

    @property
    def pieces(self) -> Any:
        import sentencepiece

        return sentencepiece.SentencePieceProcessor(model_proto=self.pieces_model)

    @property
    def pieces_model(self) -> bytes:
        """A SentencePiece model of characters, trained here."""

        def train() -> bytes:
            import sentencepiece

            model = io.BytesIO()
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(SENTENCES),
                model_writer=model,
                model_type="char",
                vocab_size=20,
                num_threads=1,
                minloglevel=2,
                hard_vocab_limit=False,
            )
            return model.getvalue()

        found: bytes = self._once("pieces", train)
        return found

    @property
    def bridge(self) -> Any:
        from transformer_lens.model_bridge import TransformerBridge

        return self._once(
            "bridge",
            lambda: TransformerBridge.boot_transformers(
                str(self.checkpoint), hf_model=self.model, tokenizer=self.tokenizer, device="cpu"
            ),
        )

    def copy(self, **changes: Any) -> Path:
        """A checkpoint of one's own, to damage; `changes` are of its config.json."""
        return checkpoints.write_llama(self.folder / "copy", **changes)
