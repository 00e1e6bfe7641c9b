"""Faults of transformers: norms, activations, and what single architectures do."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch
from harness.faults.shown import tiny

_fault = partial(fault, library="transformers")
_MODELS = "transformers.models"


@_fault(
    "transformers.norm-epsilon",
    kind="normalisation",
    why="the checkpoint's epsilon is passed over for the usual 1e-6: every layer is a little off",
    sees=tiny("llama"),
)
def norm_epsilon(patch: Patch) -> None:
    llama = patch.module(f"{_MODELS}.llama.modeling_llama")
    patch.edit(llama.LlamaRMSNorm, "forward", "self.variance_epsilon", "1e-6")


@_fault(
    "transformers.norm-in-half-precision",
    kind="normalisation",
    why="the norm's variance is taken in the type of the weights: bfloat16 models lose digits",
    sees=("precision/test_upcasting.py", *tiny("llama", only="bfloat16")),
)
def norm_in_half_precision(patch: Patch) -> None:
    llama = patch.module(f"{_MODELS}.llama.modeling_llama")
    patch.edit(
        llama.LlamaRMSNorm,
        "forward",
        "hidden_states = hidden_states.to(torch.float32)",
        "hidden_states = hidden_states * 1",
    )


@_fault(
    "transformers.gemma-norm-weight",
    kind="normalisation",
    why="Gemma's norms are trained around 1 + weight: with the bare weight activations vanish",
    sees=tiny("gemma"),
)
def gemma_norm_weight(patch: Patch) -> None:
    gemma = patch.module(f"{_MODELS}.gemma.modeling_gemma")
    patch.edit(gemma.GemmaRMSNorm, "forward", "(1.0 + self.weight.float())", "self.weight.float()")


@_fault(
    "transformers.gelu-for-its-tanh-form",
    kind="activation",
    why="GPT-2's approximated gelu is swapped for the exact one: every feed-forward a bit off",
    sees=tiny("gpt2"),
)
def gelu_for_its_tanh_form(patch: Patch) -> None:
    activations = patch.module("transformers.activations")
    functional = patch.module("torch.nn.functional")
    patch.wrap(
        activations.NewGELUActivation,
        "forward",
        lambda original: lambda self, input: functional.gelu(input),
    )


@_fault(
    "transformers.gate-on-the-wrong-half",
    kind="activation",
    why="the activation goes on the ungated half of a Llama's feed-forward",
    sees=tiny("llama"),
)
def gate_on_the_wrong_half(patch: Patch) -> None:
    llama = patch.module(f"{_MODELS}.llama.modeling_llama")
    patch.edit(
        llama.LlamaMLP,
        "forward",
        "self.act_fn(self.gate_proj(x)) * self.up_proj(x)",
        "self.gate_proj(x) * self.act_fn(self.up_proj(x))",
    )


@_fault(
    "transformers.embedding-scale",
    kind="weights",
    why="Gemma's embeddings are not multiplied by the root of the width: the input is a whisper",
    sees=tiny("gemma", "gemma2"),
)
def embedding_scale(patch: Patch) -> None:
    for name in ("gemma", "gemma2"):
        module = patch.module(f"{_MODELS}.{name}.modeling_{name}")
        cls = getattr(module, f"{name.capitalize()}TextScaledWordEmbedding")
        patch.edit(cls, "forward", " * self.embed_scale.to(self.weight.dtype)", "")


@_fault(
    "transformers.final-soft-cap",
    kind="attention",
    why="Gemma 2's logits are not capped: the same order of tokens, other probabilities, other "
    "samples",
    sees=tiny("gemma2"),
)
def final_soft_cap(patch: Patch) -> None:
    gemma2 = patch.module(f"{_MODELS}.gemma2.modeling_gemma2")
    patch.edit(
        gemma2.Gemma2ForCausalLM,
        "forward",
        "if self.config.final_logit_softcapping is not None:",
        "if False:",
    )


@_fault(
    "transformers.expert-weights-not-renormalised",
    kind="weights",
    why="the chosen experts' weights no longer sum to one: a Mixtral's layers come out too small",
    sees=tiny("mixtral"),
)
def expert_weights_not_renormalised(patch: Patch) -> None:
    mixtral = patch.module(f"{_MODELS}.mixtral.modeling_mixtral")
    patch.edit(
        mixtral.MixtralTopKRouter,
        "forward",
        "router_top_value /= router_top_value.sum(dim=-1, keepdim=True)",
        "pass",
    )


@_fault(
    "transformers.residual-multiplier",
    kind="weights",
    why="Granite's residual multiplier is dropped: the stream grows beyond what was trained",
    sees=tiny("granite"),
)
def residual_multiplier(patch: Patch) -> None:
    granite = patch.module(f"{_MODELS}.granite.modeling_granite")

    def keep_one(original: Any) -> Any:
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            self.residual_multiplier = 1.0

        return init

    patch.wrap(granite.GraniteDecoderLayer, "__init__", keep_one)


@_fault(
    "transformers.parallel-residual",
    kind="weights",
    why="Pythia's parallel blocks run one after the other: each layer computes something else",
    sees=tiny("gpt_neox"),
)
def parallel_residual(patch: Patch) -> None:
    neox = patch.module(f"{_MODELS}.gpt_neox.modeling_gpt_neox")
    patch.edit(neox.GPTNeoXLayer, "forward", "if self.use_parallel_residual:", "if False:")


@_fault(
    "transformers.attention-bias-forgotten",
    kind="weights",
    why="Qwen 2's query bias is built without: the checkpoint's bias is dropped on loading",
    sees=tiny("qwen2"),
)
def attention_bias_forgotten(patch: Patch) -> None:
    qwen2 = patch.module(f"{_MODELS}.qwen2.modeling_qwen2")
    patch.edit(
        qwen2.Qwen2Attention,
        "__init__",
        "self.q_proj = nn.Linear(config.hidden_size, config.num_attention_heads * self.head_dim,"
        " bias=True)",
        "self.q_proj = nn.Linear(config.hidden_size, config.num_attention_heads * self.head_dim,"
        " bias=False)",
    )


@_fault(
    "transformers.decoder-bias-forgotten",
    kind="weights",
    why="Marian's bias of the logits is not added: translations prefer other words",
    sees=tiny("marian", "bart"),
)
def decoder_bias_forgotten(patch: Patch) -> None:
    for name in ("Marian", "Bart"):
        module = patch.module(f"{_MODELS}.{name.lower()}.modeling_{name.lower()}")
        cls = getattr(module, "MarianMTModel", None) or module.BartForConditionalGeneration
        patch.edit(cls, "forward", _added_bias(cls), "pass")


def _added_bias(cls: Any) -> str:
    import inspect

    source = inspect.getsource(inspect.unwrap(cls.forward))
    line = next(line for line in source.splitlines() if "self.final_logits_bias" in line)
    return line.strip()


@_fault(
    "transformers.state-space-skip",
    kind="weights",
    why="Mamba's skip connection is left out of the scan: the model runs and says less",
    sees=tiny("mamba"),
)
def state_space_skip(patch: Patch) -> None:
    mamba = patch.module(f"{_MODELS}.mamba.modeling_mamba")
    patch.edit(mamba, "mamba_selective_scan", " + hidden_states * D[None, :, None]", "")


@_fault(
    "transformers.shifted-start-token",
    kind="tokens",
    why="T5's decoder is not started with its start token when labels are given: training teaches "
    "another model than the one that generates",
    sees=(*tiny("t5"), "pipelines/test_numbers.py"),
)
def shifted_start_token(patch: Patch) -> None:
    t5 = patch.module(f"{_MODELS}.t5.modeling_t5")
    patch.edit(
        t5.T5PreTrainedModel,
        "_shift_right",
        "shifted_input_ids[..., 0] = decoder_start_token_id",
        "shifted_input_ids[..., 0] = input_ids[..., 0]",
    )
