"""Misuse of accelerate, bitsandbytes and the interpretability libraries, and what answers it."""

from __future__ import annotations

import pytest

from harness.measure.wording import answer
from harness.plugin import tier

CASES = {
    "accelerate": {
        "memory given as nonsense": lambda tiny: _accelerate().infer_auto_device_map(
            _net(), max_memory={"cpu": "much"}
        ),
        "memory of no known device": lambda tiny: _accelerate().infer_auto_device_map(
            _net(), max_memory={"none-such": 100}
        ),
        "map that leaves a module out": lambda tiny: _accelerate().dispatch_model(
            _net(), {"0": "cpu"}
        ),
        "map to disk without a folder": lambda tiny: _accelerate().dispatch_model(
            _net(), {"0": "cpu", "1": "disk"}
        ),
        "map to no known device": lambda tiny: _accelerate().dispatch_model(
            _net(), {"0": "cpu", "1": "none-such"}
        ),
        "checkpoint that is not there": lambda tiny: _accelerate().load_checkpoint_in_model(
            _net(), str(tiny.folder / "none-such")
        ),
        "checkpoint in an empty folder": lambda tiny: _accelerate().load_checkpoint_in_model(
            _net(), str(tiny.folder)
        ),
        "tensor that is not there": lambda tiny: _set_tensor(_net(), "none.such", 0),
        "meta tensor without a value": lambda tiny: _set_tensor(_empty(), "0.weight", None),
        "meta model run": lambda tiny: _empty()(_torch().zeros(1, 4)),
        "precision of no known kind": lambda tiny: _accelerate().Accelerator(
            cpu=True, mixed_precision="none-such"
        ),
    },
    "bitsandbytes": {
        "4 bits of no known kind": lambda tiny: _functional().quantize_4bit(
            _torch().ones(64), quant_type="none-such"
        ),
        "4 bits in blocks of 3": lambda tiny: _functional().quantize_4bit(
            _torch().ones(64), blocksize=3
        ),
        "4 bits of integers": lambda tiny: _functional().quantize_4bit(
            _torch().ones(64, dtype=_torch().int32)
        ),
        "4 bits of float16": lambda tiny: _functional().quantize_4bit(
            _torch().ones(64, dtype=_torch().float16)
        )[0],
        "blocks of float16": lambda tiny: _functional().quantize_blockwise(
            _torch().ones(64, dtype=_torch().float16)
        )[0],
        "blocks of bfloat16": lambda tiny: _functional().quantize_blockwise(
            _torch().ones(64, dtype=_torch().bfloat16)
        )[0],
        "blocks of integers": lambda tiny: _functional().quantize_blockwise(
            _torch().ones(64, dtype=_torch().int32)
        )[0],
        "dequantise without a state": lambda tiny: _functional().dequantize_4bit(
            _torch().zeros(32, 1, dtype=_torch().uint8)
        ),
        "dequantise what was not quantised": lambda tiny: _functional().dequantize_blockwise(
            _torch().zeros(4)
        ),
        "int8 rows of float32": lambda tiny: _functional().int8_vectorwise_quant(
            _torch().ones(2, 4)
        )[0],
        "linear of 4 bits before it is moved": lambda tiny: _bitsandbytes().nn.Linear4bit(64, 4)(
            _torch().ones(1, 64)
        ),
        "linear of 8 bits before it is moved": lambda tiny: _bitsandbytes().nn.Linear8bitLt(
            64, 4, has_fp16_weights=False
        )(_torch().ones(1, 64)),
        "input of another width": lambda tiny: (
            _bitsandbytes().nn.Linear4bit(64, 4).to("cpu")(_torch().ones(1, 32))
        ),
    },
    "transformer-lens": {
        "hook name misspelt": lambda tiny: tiny.bridge.run_with_hooks(
            _ids(1, 2), fwd_hooks=[("none.such", lambda value, hook: None)]
        ),
        "hook that returns another shape": lambda tiny: tiny.bridge.run_with_hooks(
            _ids(1, 2), fwd_hooks=[("blocks.0.hook_out", lambda value, hook: value[:, :1])]
        ),
        "hook that raises": lambda tiny: tiny.bridge.run_with_hooks(
            _ids(1, 2), fwd_hooks=[("blocks.0.hook_out", lambda value, hook: 1 // 0)]
        ),
        "activation that was not cached": lambda tiny: tiny.bridge.run_with_cache(_ids(1, 2))[1][
            "none.such"
        ],
        "layer that is not there": lambda tiny: tiny.bridge.run_with_cache(_ids(1, 2))[1][
            "resid_post", 99
        ],
        "filter that keeps nothing": lambda tiny: len(
            tiny.bridge.run_with_cache(_ids(1, 2), names_filter="none.such")[1]
        ),
        "stop at a layer that is not there": lambda tiny: tiny.bridge.run_with_cache(
            _ids(1, 2), stop_at_layer=99
        )[0],
        "word of several tokens": lambda tiny: tiny.bridge.to_single_token("word"),
        "token id past the vocabulary": lambda tiny: tiny.bridge(_ids(10**4)),
        "past the positions": lambda tiny: tiny.bridge(_ids(*[1] * 40)),
        "return of no known kind": lambda tiny: tiny.bridge(_ids(1, 2), return_type="none-such"),
        "model of no known name": lambda tiny: _boot("none-such"),
        "hooked model of no known name": lambda tiny: _hooked().from_pretrained("none-such"),
        "hooked configuration without sizes": lambda tiny: _hooked_config(),
        "activation of no known name": lambda tiny: _act_name("none-such", 0),
    },
    "sae-lens": {
        "release of no known name": lambda tiny: _sae().SAE.from_pretrained("none-such", "x"),
        "autoencoder of no known id": lambda tiny: _sae().SAE.from_pretrained(
            "gpt2-small-res-jb", "none-such"
        ),
        "folder that is not there": lambda tiny: _sae().SAE.load_from_disk(tiny.folder / "none"),
        "folder without an autoencoder": lambda tiny: _sae().SAE.load_from_disk(tiny.folder),
        "architecture of no known kind": lambda tiny: _sae().SAE.from_dict(
            {"architecture": "none-such", "d_in": 4, "d_sae": 8}
        ),
        "unknown field": lambda tiny: _standard(none_such=1),
        "hook name given as a field": lambda tiny: _standard(hook_name="x"),
        "dtype of no known kind": lambda tiny: _standard(dtype="none-such"),
        "device of no known kind": lambda tiny: _standard(device="none-such"),
        "activations of another width": lambda tiny: _standard().encode(_torch().zeros(1, 5)),
        "activations of integers": lambda tiny: _standard().encode(
            _torch().zeros(1, 4, dtype=_torch().int64)
        ),
        "top k of more than there are": lambda tiny: _top_k(99),
        "runner without an autoencoder": lambda tiny: _sae().LanguageModelSAERunnerConfig(),
    },
    "nnsight": {
        "module that is not there": lambda tiny: _traced(lambda net: net.none_such.output.save()),
        "value read outside its trace": lambda tiny: _read_later(),
        "input of another width": lambda tiny: _traced(lambda net: net[0].output.save(), width=3),
        "module that comes earlier": lambda tiny: _traced(
            lambda net: (net[1].output.save(), net[0].output.save())
        ),
    },
}

QUICK = ("blocks of float16", "hook name misspelt", "hook name given as a field")

NEEDED = {"transformer-lens": ("transformers", "accelerate")}


def _torch():
    import torch

    return torch


def _accelerate():
    import accelerate

    return accelerate


def _bitsandbytes():
    import bitsandbytes

    return bitsandbytes


def _functional():
    import bitsandbytes.functional

    return bitsandbytes.functional


def _sae():
    import sae_lens

    return sae_lens


def _ids(*ids):
    return _torch().tensor([ids])


def _net():
    from torch import nn

    return nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))


def _empty():
    with _accelerate().init_empty_weights():
        return _net()


def _set_tensor(module, name, value):
    from accelerate.utils import set_module_tensor_to_device

    return set_module_tensor_to_device(module, name, "cpu", value=value)


def _boot(name):
    from transformer_lens.model_bridge import TransformerBridge

    return TransformerBridge.boot_transformers(name)


def _hooked():
    from transformer_lens import HookedTransformer

    return HookedTransformer


def _hooked_config():
    from transformer_lens import HookedTransformerConfig

    return HookedTransformerConfig(n_layers=1)


def _act_name(name, layer):
    from transformer_lens import utils

    return utils.get_act_name(name, layer)


def _standard(**fields):
    return _sae().StandardSAE(
        _sae().StandardSAEConfig(**({"d_in": 4, "d_sae": 8, "device": "cpu"} | fields))
    )


def _top_k(k):
    config = _sae().TopKSAEConfig(d_in=4, d_sae=8, k=k, device="cpu")
    return _sae().TopKSAE(config).encode(_torch().zeros(1, 4))


def _traced(read, width=4):
    from nnsight import NNsight

    net = NNsight(_net())
    with net.trace(_torch().zeros(1, width)):
        found = read(net)
    return found


def _read_later():
    from nnsight import NNsight

    net = NNsight(_net())
    with net.trace(_torch().zeros(1, 4)):
        pass
    return net[0].output


def parameters(quick=()):
    for package, cases in CASES.items():
        needed = pytest.mark.requires(package, "torch", *NEEDED.get(package, ()))
        for name in cases:
            marks = [needed, tier("quick")] if name in quick else [needed]
            yield pytest.param(package, name, id=f"{package}-{name}", marks=marks)


@pytest.mark.parametrize(("package", "case"), list(parameters(QUICK)))
def test_misuse_is_answered_with_this_type(package, case, tiny, observe):
    observe.exact("answer", answer(lambda: CASES[package][case](tiny)).kind)


@tier("broad")
@pytest.mark.parametrize(("package", "case"), list(parameters()))
def test_misuse_is_answered_in_these_words(package, case, tiny, observe):
    observe.exact("words", answer(lambda: CASES[package][case](tiny)).words)
