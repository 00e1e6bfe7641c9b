"""Loading a model by precision and device, on transformers 4.57 and 5.x alike."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

from harness.subjects.sources import Prepared
from harness.vocabulary.cells import QUANTISED
from harness.vocabulary.errors import SubjectError


def load_model(prepared: Prepared, precision: str, device: str, attention: str = "") -> Any:
    """The transformers model in evaluation mode, from safetensors, without remote code.

    `attention` names an implementation; "" leaves the choice to the library. A quantised model
    computes in float32, whatever the device, so that its numbers may be compared with those of
    the float32 model.
    """
    return _load(model_class(prepared), prepared.directory, precision, device, attention)


def load_class(name: str, directory: Path, precision: str, device: str, attention: str = "") -> Any:
    """As `load_model`, by the class of transformers called `name`: no subject needs to fit it."""
    import transformers

    return _load(getattr(transformers, name), directory, precision, device, attention)


def _load(type_: Any, directory: Path, precision: str, device: str, attention: str) -> Any:
    import torch

    dtype = torch.float32 if precision in QUANTISED else getattr(torch, precision)
    arguments: dict[str, Any] = {
        _dtype_argument(): dtype,
        "local_files_only": True,
        "trust_remote_code": False,
        "use_safetensors": True,
    }
    if attention:
        arguments["attn_implementation"] = attention
    if precision in QUANTISED:
        silence_int8()
        arguments["quantization_config"] = _quantisation(precision)
        arguments["device_map"] = {"": device}
    model = type_.from_pretrained(str(directory), **arguments)
    if precision not in QUANTISED:
        model = model.to(device)
    return model.eval()


def load_default(prepared: Prepared, **overrides: Any) -> Any:
    """The model as plain `from_pretrained(directory, **overrides)` gives it."""
    return model_class(prepared).from_pretrained(str(prepared.directory), **overrides)


def model_class(prepared: Prepared) -> Any:
    """The Auto class that the subject's abilities ask for."""
    import transformers

    if "causal-lm" in prepared.entry.abilities:
        return transformers.AutoModelForCausalLM
    if "encoder" in prepared.entry.abilities:
        return transformers.AutoModel
    raise SubjectError(
        f"subject {prepared.entry.name!r} is no model",
        allowed="a subject that can causal-lm or encoder",
    )


def _dtype_argument() -> str:
    """transformers 4.56 renamed torch_dtype."""
    import transformers

    major, minor = (int(part) for part in transformers.__version__.split(".")[:2])
    return "dtype" if (major, minor) >= (4, 56) else "torch_dtype"


def _quantisation(precision: str) -> Any:
    import torch
    from transformers import BitsAndBytesConfig

    if precision == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=precision,
        bnb_4bit_compute_dtype=torch.float32,
    )


def silence_int8() -> None:
    """bitsandbytes says once a matrix product that it casts its input to float16."""
    warnings.filterwarnings("ignore", message=".*inputs will be cast from.*")
    logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
