"""Faults of bitsandbytes, as its operations on a processor go through them."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch

_fault = partial(fault, library="bitsandbytes")
LAYERS = "precision/test_quantised_layers.py"
INT8 = "precision/test_layers_of_8_bits.py"


def _modules(patch: Patch) -> Any:
    return patch.module("bitsandbytes.nn.modules")


def _functional(patch: Patch) -> Any:
    return patch.module("bitsandbytes.functional")


@_fault(
    "bitsandbytes.absmax-in-half",
    kind="quantisation",
    sees=(LAYERS,),
    why="block scales are rounded to float16: every weight of a 4-bit model is up to 5e-4 off, "
    "scales under 6e-5 lose their digits",
)
def absmax_in_half(patch: Patch) -> None:
    patch.edit(
        _functional(patch), "quantize_4bit", "absmax=_absmax,", "absmax=_absmax.half().float(),"
    )


@_fault(
    "bitsandbytes.nested-offset-lost",
    kind="quantisation",
    sees=(LAYERS,),
    why="double quantisation forgets the mean that it subtracted: scales are wrong, some negative",
)
def nested_offset_lost(patch: Patch) -> None:
    patch.edit(_functional(patch), "quantize_4bit", "offset=offset,", "offset=offset * 0,")


@_fault(
    "bitsandbytes.nested-blocks-of-4096",
    kind="quantisation",
    sees=(LAYERS,),
    why="double quantisation uses the default block of 4096, not 256: scales are coarser, and "
    "products with them are refused",
)
def nested_blocks_of_4096(patch: Patch) -> None:
    patch.edit(
        _functional(patch),
        "quantize_4bit",
        "offset, blocksize=256)",
        "offset, blocksize=4096)",
    )


@_fault(
    "bitsandbytes.nf4-table-typo",
    kind="quantisation",
    sees=(LAYERS,),
    why="two digits of one of NF4's 16 values change places: one weight in sixteen is read as "
    "another than it was rounded to",
)
def nf4_table_typo(patch: Patch) -> None:
    patch.edit(_functional(patch), "get_4bit_type", "0.07958029955625534", "0.09758029955625534")


@_fault(
    "bitsandbytes.blocks-of-128",
    kind="defaults",
    sees=(LAYERS,),
    why="the default block is twice as long: less memory, more error, and checkpoints that "
    "an older release cannot check",
)
def blocks_of_128(patch: Patch) -> None:
    modules = _modules(patch)
    patch.edit(modules.Params4bit, "__new__", "blocksize = 64", "blocksize = 128")


@_fault(
    "bitsandbytes.default-is-nf4",
    kind="defaults",
    sees=(LAYERS,),
    why="quantize_4bit without a type gives another type than the one before: a checkpoint "
    "written so reads as noise under the old default",
)
def default_is_nf4(patch: Patch) -> None:
    function = _functional(patch).quantize_4bit
    *before, _, storage = function.__defaults__
    patch.replace(function, "__defaults__", (*before, "nf4", storage))


@_fault(
    "bitsandbytes.outliers-quantised",
    kind="quantisation",
    sees=(INT8,),
    why="LLM.int8() without its outliers: models above 6 billion parameters fall apart, small "
    "ones hardly change",
)
def outliers_quantised(patch: Patch) -> None:
    patch.edit(
        _modules(patch).Linear8bitLt,
        "__init__",
        "self.state.threshold = threshold",
        "self.state.threshold = 0.0",
    )


@_fault(
    "bitsandbytes.int8-cut-off",
    kind="quantisation",
    sees=(INT8,),
    why="int8 rounds towards zero: every product of a model comes out a little too small",
)
def int8_cut_off(patch: Patch) -> None:
    def make(original: Any) -> Any:
        def int8_vectorwise_quant(A: Any, *args: Any, **options: Any) -> Any:
            import torch

            rows, scales, outliers = original(A, *args, **options)
            cut = torch.trunc(A.float() * (127.0 / scales.reshape(-1, 1))).clamp(-127, 127)
            kept = torch.where(rows == 0, rows, cut.to(torch.int8))
            return kept, scales, outliers

        return int8_vectorwise_quant

    patch.wrap(_functional(patch), "int8_vectorwise_quant", make)


@_fault(
    "bitsandbytes.bias-dropped",
    kind="weights",
    sees=(LAYERS,),
    why="4-bit layers forget their bias: Qwen's and GPT-2's projections shift, Llama's do not",
)
def bias_dropped(patch: Patch) -> None:
    def make(original: Any) -> Any:
        def matmul_4bit(A: Any, B: Any, quant_state: Any, out: Any = None, bias: Any = None) -> Any:
            return original(A, B, quant_state, out, None)

        return matmul_4bit

    patch.wrap(patch.module("bitsandbytes.autograd._functions"), "matmul_4bit", make)


@_fault(
    "bitsandbytes.compute-in-bfloat16",
    kind="dtype",
    sees=(LAYERS,),
    why="a float32 input is computed in bfloat16 though nobody asked: three digits left of seven",
)
def compute_in_bfloat16(patch: Patch) -> None:
    patch.edit(
        _modules(patch).Linear4bit,
        "set_compute_type",
        "self.compute_dtype = x.dtype",
        "self.compute_dtype = torch.bfloat16",
    )


@_fault(
    "bitsandbytes.dequantised-to-float32",
    kind="dtype",
    sees=(LAYERS,),
    why="what was float16 comes back as float32: merging adapters takes twice the memory",
)
def dequantised_to_float32(patch: Patch) -> None:
    def make(original: Any) -> Any:
        def dequantize_4bit(*args: Any, **options: Any) -> Any:
            return original(*args, **options).float()

        return dequantize_4bit

    patch.wrap(_functional(patch), "dequantize_4bit", make)


@_fault(
    "bitsandbytes.scales-not-saved",
    kind="files",
    sees=(INT8,),
    why="the state dict of an int8 layer lacks its scales: a saved model cannot be read back",
)
def scales_not_saved(patch: Patch) -> None:
    patch.edit(
        _modules(patch).Linear8bitLt,
        "_save_to_state_dict",
        "if not self.state.has_fp16_weights:",
        "if self.state.has_fp16_weights:",
    )


@_fault(
    "bitsandbytes.copy-without-scales",
    kind="weights",
    sees=(INT8,),
    why="copy.deepcopy of an int8 model loses its scales: an ensemble's copy fails at first use",
)
def copy_without_scales(patch: Patch) -> None:
    patch.edit(
        _modules(patch).Int8Params,
        "__deepcopy__",
        "SCB=copy.deepcopy(self.SCB, memo),",
        "",
    )


@_fault(
    "bitsandbytes.gradient-stops",
    kind="training",
    sees=(LAYERS,),
    why="no gradient passes a 4-bit layer: adapters below the last one never learn",
)
def gradient_stops(patch: Patch) -> None:
    product = patch.module("bitsandbytes.autograd._functions").MatMul4Bit
    patch.edit(product, "backward", "if req_gradA:", "if False:")


@_fault(
    "bitsandbytes.embedding-of-128-steps",
    kind="quantisation",
    sees=(INT8,),
    why="8-bit embeddings are divided by 128, not by 127: every vector is 0.8 % too short",
)
def embedding_of_128_steps(patch: Patch) -> None:
    patch.edit(_modules(patch).Embedding8bit, "forward", "/ 127.0", "/ 128.0")


@_fault(
    "bitsandbytes.embedding-with-the-first-scales",
    kind="quantisation",
    sees=(LAYERS,),
    why="rows of a 4-bit embedding are read with the scales of the first rows",
)
def embedding_with_the_first_scales(patch: Patch) -> None:
    patch.edit(
        _modules(patch).Embedding4bit,
        "_forward_with_partial_dequantize",
        "output_quant_state.absmax = output_absmax",
        "output_quant_state.absmax = absmax[: output_absmax.numel()]",
    )
