"""Stand-alone: turn a GGUF file into a folder that every transformers from 4.51 reads alike.

    python convert_gguf.py FILE.gguf FOLDER

Run by the conversion stack only, so that a subject's bytes do not depend on the stack
under test. Weights become float32 safetensors; the configuration carries the spellings of
transformers 4 and 5 both; the tokenizer is tokenizer.json with a class that all of them have.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

_NOT_OURS = ("_name_or_path", "_model_name_or_path", "transformers_version", "quantization_config")


def main(gguf: Path, folder: Path) -> None:
    """Convert `gguf` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        saved = Path(scratch)
        tokenizer = _save(gguf, saved)
        for name in ("model.safetensors", "tokenizer.json"):
            shutil.move(saved / name, folder / name)
        config = json.loads((saved / "config.json").read_text(encoding="utf-8"))
    _write(folder / "config.json", portable_config(config))
    _write(folder / "generation_config.json", generation_config(config))
    _write(folder / "tokenizer_config.json", tokenizer_config(tokenizer, config))
    if tokenizer.chat_template:
        (folder / "chat_template.jinja").write_text(tokenizer.chat_template, encoding="utf-8")


def _save(gguf: Path, folder: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    place, name = str(gguf.parent), gguf.name
    model = AutoModelForCausalLM.from_pretrained(
        place,
        gguf_file=name,
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),
    )
    model.save_pretrained(folder, max_shard_size="100GB")
    tokenizer = AutoTokenizer.from_pretrained(place, gguf_file=name)
    tokenizer.save_pretrained(folder)
    return tokenizer


def portable_config(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration in the spellings of transformers 4 (rope_theta, torch_dtype) and 5."""
    kept = {key: value for key, value in config.items() if key not in _NOT_OURS}
    kept["torch_dtype"] = kept["dtype"] = "float32"
    rope = kept.get("rope_parameters") or {}
    if "rope_theta" in rope:
        kept["rope_theta"] = rope["rope_theta"]
    return kept


def generation_config(config: dict[str, Any]) -> dict[str, Any]:
    """The special ids only: how to generate is for the behaviours to say."""
    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    return {name: config[name] for name in names if config.get(name) is not None}


def tokenizer_config(tokenizer: Any, config: dict[str, Any]) -> dict[str, Any]:
    """The tokenizer's special tokens, under the class that takes tokenizer.json as it is."""
    names = ("bos_token", "eos_token", "pad_token", "unk_token")
    tokens = {name: getattr(tokenizer, name) for name in names}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **{name: token for name, token in tokens.items() if token is not None},
        "model_max_length": config["max_position_embeddings"],
        "clean_up_tokenization_spaces": False,
    }


def _write(path: Path, value: dict[str, Any]) -> None:
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
