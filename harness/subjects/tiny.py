"""The smallest of each thing that misuse and defaults are tried on."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.subjects import checkpoints

SENTENCES = ["the keeper of the house", "a river to the sea", "it is the sea and the river"]


@dataclass(frozen=True)
class Tiny:
    """Things made when they are asked for, and kept by `keep(key, make)` as long as the cell.

    `folder` is the behaviour's own, `checkpoint` is shared: never change it.
    """

    folder: Path
    checkpoint: Path
    keep: Callable[[object, Callable[[], Any]], Any]

    def _once(self, key: str, make: Callable[[], Any]) -> Any:
        return self.keep(("tiny", key), make)

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

        return self._once(
            "fast", lambda: Tokenizer.from_file(str(self.checkpoint / "tokenizer.json"))
        )

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
