"""transformer-lens over a subject: the bridge, and HookedTransformer where it still exists."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from harness.subjects.sources import Prepared
from harness.vocabulary.errors import UsageError


def load_bridge(model: Any, tokenizer: Any, directory: Path) -> Any:
    """A TransformerBridge over a copy of the float32 `model`.

    Not over the shared one: the bridge wraps its modules and sets its attention to eager.
    """
    from transformer_lens.model_bridge import TransformerBridge

    return TransformerBridge.boot_transformers(
        str(directory),
        hf_model=copy.deepcopy(model),
        tokenizer=tokenizer,
        device=str(model.device),
    )


def load_hooked(prepared: Prepared, model: Any, tokenizer: Any) -> Any:
    """A HookedTransformer with the float32 `model`'s weights, unfolded and uncentred.

    transformer-lens builds one only for names in its own list, so the configuration is
    made here and the weights go through the library's conversion for Llama. Raises
    ImportError from transformer-lens 4 on, which has no HookedTransformer.
    """
    from transformer_lens import HookedTransformer
    from transformer_lens.pretrained.weight_conversions import convert_llama_weights

    config = model.config
    if config.model_type != "llama":
        raise UsageError(
            f"subject {prepared.entry.name!r} has the architecture {config.model_type!r}",
            where="HookedTransformer",
            allowed="llama",
        )
    hooked = HookedTransformer(_hooked_config(config, model), tokenizer=tokenizer)
    weights = convert_llama_weights(model, hooked.cfg)
    hooked.load_and_process_state_dict(
        weights,
        fold_ln=False,
        center_writing_weights=False,
        center_unembed=False,
        fold_value_biases=False,
    )
    return hooked.eval()


def _hooked_config(config: Any, model: Any) -> Any:
    """The Llama configuration in transformer-lens's words."""
    from transformer_lens import HookedTransformerConfig

    heads = config.num_attention_heads
    d_head = getattr(config, "head_dim", None) or config.hidden_size // heads
    rope = getattr(config, "rope_parameters", None) or {}
    return HookedTransformerConfig(
        n_layers=config.num_hidden_layers,
        d_model=config.hidden_size,
        d_head=d_head,
        n_heads=heads,
        n_key_value_heads=config.num_key_value_heads,
        d_mlp=config.intermediate_size,
        d_vocab=config.vocab_size,
        n_ctx=min(config.max_position_embeddings, 2048),
        act_fn=config.hidden_act,
        eps=config.rms_norm_eps,
        normalization_type="RMS",
        positional_embedding_type="rotary",
        rotary_dim=d_head,
        rotary_base=int(rope.get("rope_theta") or config.rope_theta),
        rotary_adjacent_pairs=False,
        gated_mlp=True,
        final_rms=True,
        original_architecture="LlamaForCausalLM",
        default_prepend_bos=False,
        dtype=model.dtype,
        device=str(model.device),
        init_weights=False,
    )
