"""Stand-ins: tiny models under the names that documents load, so that code runs as written.

A folder is laid out as the hub's cache is (`models--OWNER--NAME/snapshots/<commit>/…`); with
`HF_HOME` pointing there and the hub offline, `from_pretrained("gpt2")` loads a model with
GPT-2's architecture, layers, heads, vocabulary and tokenizer, and a width of 24. Weights come
from seeded generators, never from a library's initialisation: the outputs mean nothing, only
that the code runs, and what it returns.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.subjects.standin_tokenizers import (
    write_byte_level,
    write_json,
    write_unigram,
    write_wordpiece,
)
from harness.vocabulary.errors import UsageError
from harness.vocabulary.places import home

COMMIT = "0" * 39 + "1"
"""The commit that every stand-in claims to be."""

WIDTH = 24
"""The width of the GPT-2 stand-in and of the autoencoder that reads its residual stream."""

_O200K = "fb374d419588a4632f3f557e76b4b70aebbca790"
"""What tiktoken's cache calls o200k_base: the sha1 of the address it would fetch it from."""


@dataclass(frozen=True)
class StandIn:
    """`write(folder)` writes the files of a repository; `revisions` name its commit beside main."""

    write: Callable[[Path], None]
    revisions: tuple[str, ...] = ()


def lay_out(place: Path, repositories: Iterable[str] | None = None) -> dict[str, str]:
    """Write the stand-ins of `repositories` (all if None) below `place`, and tiktoken's o200k.

    Returns the environment under which libraries find them, and nothing but them. Raises
    UsageError for a repository that has no stand-in.
    """
    for repository in STAND_INS if repositories is None else repositories:
        if repository not in STAND_INS:
            raise UsageError(
                f"no stand-in for {repository!r}", allowed=", ".join(sorted(STAND_INS))
            )
        _lay_out_one(place / "hub", repository, STAND_INS[repository])
    tiktoken = place / "tiktoken"
    tiktoken.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_bundled("tiktoken", "o200k_base.tiktoken"), tiktoken / _O200K)
    return {
        "HF_HOME": str(place),
        "HF_HUB_CACHE": str(place / "hub"),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TIKTOKEN_CACHE_DIR": str(tiktoken),
    }


def snapshot(place: Path, repository: str) -> Path:
    """The folder with the files of a repository that was laid out below `place`."""
    return place / "hub" / f"models--{repository.replace('/', '--')}" / "snapshots" / COMMIT


def fill(model: Any) -> Any:
    """Overwrite all parameters with small numbers drawn under seeds, in order of name.

    Norm weights lie around 1, so that signals neither die nor grow. Evaluation mode.
    """
    import torch

    with torch.no_grad():
        for index, (name, parameter) in enumerate(sorted(model.named_parameters())):
            generator = torch.Generator().manual_seed(index)
            drawn = torch.randn(parameter.shape, generator=generator) * 0.1
            is_norm = parameter.dim() == 1 and name.endswith("weight")
            parameter.copy_((drawn + (1.0 if is_norm else 0.0)).to(parameter.dtype))
    return model.eval()


def _lay_out_one(hub: Path, repository: str, stand_in: StandIn) -> None:
    folder = snapshot(hub.parent, repository)
    folder.mkdir(parents=True, exist_ok=True)
    stand_in.write(folder)
    refs = folder.parents[1] / "refs"
    refs.mkdir(exist_ok=True)
    for revision in ("main", *stand_in.revisions):
        (refs / revision).write_text(COMMIT)


def _bundled(*parts: str) -> Path:
    return home().joinpath("fixtures", "tokenizers", *parts)


def _save(model: Any, folder: Path, **extra: Any) -> None:
    """The model's files; `extra` are keys of the hub's config.json that the class lacks."""
    fill(model).save_pretrained(folder)
    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    write_json(file, config | extra)


def _write_gpt2(folder: Path) -> None:
    """12 layers, 12 heads, GPT-2's own tokenizer; `n_ctx` is what transformer-lens reads."""
    from transformers import GPT2Config, GPT2LMHeadModel

    _save(GPT2LMHeadModel(GPT2Config(n_embd=WIDTH)), folder, n_ctx=1024)
    for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
        shutil.copyfile(_bundled("gpt2", name), folder / name)


def _write_bert(folder: Path) -> None:
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=write_wordpiece(folder, "BertTokenizer"),
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    _save(BertForMaskedLM(config), folder)


def _write_sst2(folder: Path) -> None:
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    config = DistilBertConfig(
        vocab_size=write_wordpiece(folder, "DistilBertTokenizer"),
        dim=24,
        n_layers=2,
        n_heads=2,
        hidden_dim=32,
        id2label={0: "NEGATIVE", 1: "POSITIVE"},
        label2id={"NEGATIVE": 0, "POSITIVE": 1},
    )
    _save(
        DistilBertForSequenceClassification(config),
        folder,
        finetuning_task="sst-2",
        output_past=True,
        tie_weights_=True,
    )


def _write_conll(folder: Path) -> None:
    from transformers import BertConfig, BertForTokenClassification

    labels = ["O", "B-MISC", "I-MISC", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
    config = BertConfig(
        vocab_size=write_wordpiece(folder, "BertTokenizer"),
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    _save(BertForTokenClassification(config), folder)


def _write_t5(folder: Path) -> None:
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=write_unigram(folder),
        d_model=24,
        d_kv=12,
        d_ff=32,
        num_layers=2,
        num_heads=2,
        decoder_start_token_id=0,
    )
    _save(T5ForConditionalGeneration(config), folder)


def _write_mistral(folder: Path) -> None:
    """Linear layers of 64 columns, the block size of 4-bit quantisation."""
    from transformers import MistralConfig, MistralForCausalLM

    config = MistralConfig(
        vocab_size=write_byte_level(folder),
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        bos_token_id=0,
        eos_token_id=0,
    )
    _save(MistralForCausalLM(config), folder)


def _write_llama_tokenizer(folder: Path) -> None:
    write_byte_level(folder)
    write_json(folder / "config.json", {"model_type": "llama"})


def _write_qwen_tokenizer(folder: Path) -> None:
    write_byte_level(folder)
    write_json(folder / "config.json", {"model_type": "qwen3"})


def _write_autoencoder(folder: Path) -> None:
    """One autoencoder of a release, with the keys of a configuration from before sae-lens 6."""
    import torch
    from safetensors.torch import save_file

    name = "blocks.8.hook_resid_pre"
    hidden = 4 * WIDTH
    place = folder / name
    place.mkdir(exist_ok=True)
    write_json(
        place / "cfg.json",
        {
            "model_name": "gpt2-small",
            "hook_point": name,
            "hook_point_layer": 8,
            "hook_point_head_index": None,
            "dataset_path": "Skylion007/openwebtext",
            "context_size": 128,
            "d_in": WIDTH,
            "d_sae": hidden,
            "dtype": "torch.float32",
            "device": "cpu",
        },
    )
    generator = torch.Generator().manual_seed(0)
    decoder = torch.randn(hidden, WIDTH, generator=generator)
    decoder = decoder / decoder.norm(dim=-1, keepdim=True)
    save_file(
        {
            "W_enc": decoder.T.contiguous(),
            "W_dec": decoder,
            "b_enc": torch.zeros(hidden),
            "b_dec": torch.zeros(WIDTH),
        },
        place / "sae_weights.safetensors",
    )
    save_file({"sparsity": torch.zeros(hidden)}, place / "sparsity.safetensors")


_GPT2 = StandIn(_write_gpt2)
_SST2 = StandIn(_write_sst2, revisions=("714eb0f",))

STAND_INS: dict[str, StandIn] = {
    "gpt2": _GPT2,
    "openai-community/gpt2": _GPT2,
    "bert-base-uncased": StandIn(_write_bert),
    "distilbert-base-uncased-finetuned-sst-2-english": _SST2,
    "distilbert/distilbert-base-uncased-finetuned-sst-2-english": _SST2,
    "dbmdz/bert-large-cased-finetuned-conll03-english": StandIn(
        _write_conll, revisions=("4c53496",)
    ),
    "t5-small": StandIn(_write_t5),
    "mistralai/Mistral-7B-Instruct-v0.3": StandIn(_write_mistral),
    "meta-llama/Llama-3.3-70B-Instruct": StandIn(_write_llama_tokenizer),
    "Qwen/Qwen3-8B": StandIn(_write_qwen_tokenizer),
    "jbloom/GPT2-Small-SAEs-Reformatted": StandIn(_write_autoencoder),
}
"""Stand-ins by the repository that documents name, or that a library takes where none is named.

The revisions are those that transformers pins its pipelines' default models to.
A repository that documents name but the hub has not, like Qwen/Qwen3-7B, has no stand-in: what
loads it fails here as it does there.
"""
