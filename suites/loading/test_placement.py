"""Where weights go while loading and afterwards, and what a 4-bit load needs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

import pytest

from harness.measure.memory import process_memory
from harness.plugin import documents, needs, precisions, requires

_RESET = Path("/proc/self/clear_refs")


@requires("transformers", "accelerate", "torch")
@documents("precision.device-map-auto")
def test_an_automatic_device_map_places_the_whole_model_on_the_devices_there_are(
    tiny_llama, work_dir, observe
):
    import torch
    import transformers

    tiny_llama.save_pretrained(work_dir)
    model = transformers.AutoModelForCausalLM.from_pretrained(work_dir, device_map="auto").eval()
    accelerators = torch.cuda.is_available() or torch.backends.mps.is_available()
    expected = {"cpu"} if not accelerators else {"cuda", "mps"}
    found = {parameter.device.type for parameter in model.parameters()}
    ids = torch.arange(8)[None]
    with torch.no_grad():
        agrees = (
            model(ids.to(model.device)).logits.cpu().allclose(tiny_llama(ids).logits, atol=1e-5)
        )
    observe.claim(
        "precision.device-map-auto",
        {"devices": sorted(found), "computes as without a map": agrees},
        holds=found <= expected and agrees,
    )
    observe.exact("has a map", hasattr(model, "hf_device_map"))


@needs(subject="smollm2-135m-instruct")
@precisions("float32")
@documents("precision.low-cpu-mem")
def test_low_cpu_mem_usage_lowers_the_peak_of_loading(load, observe):
    """Peak resident memory above what there was before, with the flag and without.

    A second copy of the weights is at stake: half of one must be saved for the claim to hold.
    """
    if not _peak_can_be_reset():
        pytest.skip("the peak of resident memory cannot be reset on this system")
    load(low_cpu_mem_usage=True)
    with_flag = peak_of(lambda: load(low_cpu_mem_usage=True))
    without = peak_of(lambda: load(low_cpu_mem_usage=False))
    observe.cost("with the flag", with_flag, "bytes")
    observe.cost("without", without, "bytes")
    model = load()
    weights = sum(each.numel() * each.element_size() for each in model.parameters())
    lower = without - with_flag > weights / 2
    answer = f"{with_flag >> 20} MiB with, {without >> 20} MiB without"
    observe.claim("precision.low-cpu-mem", answer, holds=lower, steady=False)


def _peak_can_be_reset() -> bool:
    """Writing 5 there sets VmHWM back to what is resident now: proc_pid_clear_refs(5)."""
    try:
        _RESET.write_text("5")
    except OSError:
        return False
    return True


def peak_of(load):
    import gc

    gc.collect()
    _RESET.write_text("5")
    before = process_memory().resident
    model = load()
    peak = process_memory().peak
    del model
    return max(0, peak - before)


@requires("transformers", "accelerate", "torch")
@documents("precision.bnb-required")
def test_a_4_bit_load_without_bitsandbytes_is_an_import_error(
    tiny_llama, work_dir, without_bitsandbytes, observe
):
    import transformers

    tiny_llama.save_pretrained(work_dir)
    try:
        config = transformers.BitsAndBytesConfig(load_in_4bit=True)
        transformers.AutoModelForCausalLM.from_pretrained(work_dir, quantization_config=config)
        found = "loads"
    except Exception as error:
        found = type(error).__name__
        is_import_error = isinstance(error, ImportError)
    observe.claim("precision.bnb-required", found, holds=found != "loads" and is_import_error)


@pytest.fixture
def without_bitsandbytes(monkeypatch):
    """transformers in a stack that lacks bitsandbytes: neither found nor known by version."""
    from transformers.quantizers import quantizer_bnb_4bit
    from transformers.utils import import_utils

    find, version = importlib.util.find_spec, importlib.metadata.version

    def find_other(name, package=None):
        return None if name == "bitsandbytes" else find(name, package)

    def version_of_other(name):
        if name == "bitsandbytes":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    available = import_utils.is_bitsandbytes_available
    forget = getattr(available, "cache_clear", None)
    with monkeypatch.context() as patched:
        patched.setattr(importlib.util, "find_spec", find_other)
        patched.setattr(importlib.metadata, "version", version_of_other)
        if forget is None:
            patched.setattr(quantizer_bnb_4bit, "is_bitsandbytes_available", lambda: False)
        else:
            forget()
        yield
    if forget is not None:
        forget()
