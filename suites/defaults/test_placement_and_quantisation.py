"""accelerate and bitsandbytes, called with nothing that may be left out."""

from __future__ import annotations

import pytest

from harness.measure.surface import brief
from harness.measure.wording import answer, returned
from harness.plugin import requires, tier


def _net():
    import torch
    from torch import nn

    net = nn.Sequential(nn.Linear(64, 8), nn.Linear(8, 8))
    with torch.no_grad():
        for index, parameter in enumerate(net.parameters()):
            drawn = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(index))
            parameter.copy_(drawn)
    return net


@requires("accelerate", "torch")
def test_an_empty_model_is_this(observe):
    import torch
    from accelerate import init_empty_weights, init_on_device

    with init_empty_weights():
        net = torch.nn.BatchNorm1d(4)
    with init_on_device(torch.device("meta")):
        other = torch.nn.BatchNorm1d(4)
    for name, made in (("init_empty_weights", net), ("init_on_device", other)):
        observe.exact(f"{name}: parameters", sorted({str(p.device) for p in made.parameters()}))
        observe.exact(f"{name}: buffers", sorted({str(b.device) for b in made.buffers()}))


@requires("accelerate", "torch")
def test_a_map_made_without_limits_is_this(observe):
    from accelerate import infer_auto_device_map
    from accelerate.utils import compute_module_sizes, get_balanced_memory, get_max_memory

    net = _net()
    observe.exact("within 10 kB", dict(infer_auto_device_map(net, max_memory={"cpu": 10_000})))
    observe.exact("within 1 kB", dict(infer_auto_device_map(net, max_memory={"cpu": 1_000})))
    observe.exact("sizes", dict(compute_module_sizes(net)))
    observe.exact("devices", sorted(map(str, get_max_memory())))
    observe.exact("balanced", sorted(map(str, get_balanced_memory(net))))


@requires("accelerate", "torch")
def test_a_dispatched_model_is_this(work_dir, observe):
    import torch
    from accelerate import cpu_offload, disk_offload, dispatch_model

    makers = {
        "to the cpu": lambda: dispatch_model(_net(), {"": "cpu"}),
        "partly to disk": lambda: dispatch_model(
            _net(), {"0": "cpu", "1": "disk"}, main_device="cpu", offload_dir=str(work_dir / "1")
        ),
        "cpu_offload": lambda: cpu_offload(_net(), execution_device=torch.device("cpu")),
        "disk_offload": lambda: disk_offload(
            _net(), str(work_dir / "2"), execution_device=torch.device("cpu")
        ),
    }
    for name, make in makers.items():
        net = make()
        told = {
            "map": brief(getattr(net, "hf_device_map", None)),
            "hook": type(getattr(net, "_hf_hook", None)).__name__,
            "inner hooks": [type(getattr(m, "_hf_hook", None)).__name__ for m in net],
            "devices": [str(parameter.device) for parameter in net.parameters()],
            "gradient": net(torch.zeros(1, 64)).requires_grad,
        }
        observe.exact(name, told)
    files = [str(path.relative_to(work_dir)) for path in work_dir.rglob("*") if path.is_file()]
    observe.exact("files", sorted(files))


@requires("accelerate", "torch")
def test_an_accelerator_is_this(observe):
    import torch
    from accelerate import Accelerator

    made = Accelerator(cpu=True)
    names = (
        "device",
        "mixed_precision",
        "num_processes",
        "process_index",
        "is_main_process",
        "gradient_accumulation_steps",
        "sync_gradients",
        "split_batches",
        "even_batches",
        "dispatch_batches",
        "use_seedable_sampler",
        "step_scheduler_with_optimizer",
        "distributed_type",
        "log_with",
    )
    for name in names:
        observe.exact(name, answer(lambda name=name: getattr(made, name)).kind)
    net = _net()
    loader = torch.utils.data.DataLoader(torch.zeros(4, 64), batch_size=2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    prepared = made.prepare(net, optimizer, loader)
    observe.exact("prepared", [type(item).__name__ for item in prepared])
    assert prepared[0] is net


@requires("accelerate", "torch")
def test_a_configuration_of_accelerate_defaults_to_these_fields(observe):
    from accelerate import utils

    for name in ("DataLoaderConfiguration", "ProjectConfiguration", "GradientAccumulationPlugin"):
        fields = vars(getattr(utils, name)())
        observe.surface(name, {key: brief(value) for key, value in sorted(fields.items())})


STATE = ("blocksize", "quant_type", "dtype", "nested", "shape", "offset")


def state_of(state):
    """Fields of a QuantState, and what its tensors are."""
    told = {name: brief(getattr(state, name, None)) for name in STATE}
    told["shape"] = str(list(state.shape)) if state.shape is not None else "None"
    tensors = {name: returned(getattr(state, name)) for name in ("absmax", "code")}
    return told | tensors


@pytest.fixture
def unused_maps():
    """bitsandbytes.functional with no code map kept from calls before.

    It keeps the maps it made. Quantising float32 in blocks on a processor writes into the one of
    `quantize_blockwise` in releases before 0.50, for whoever calls next.
    """
    from bitsandbytes import functional

    maps = getattr(functional, "name2qmap", {})
    maps.clear()
    yield functional
    maps.clear()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("function", ["quantize_4bit", "quantize_blockwise"])
@requires("bitsandbytes", "torch")
def test_quantising_with_no_option_returns_this(function, dtype, unused_maps, observe):
    import torch

    values = torch.linspace(-1, 1, 8192).to(getattr(torch, dtype)).reshape(64, 128)
    undo = {"quantize_4bit": "dequantize_4bit", "quantize_blockwise": "dequantize_blockwise"}
    made = answer(lambda: getattr(unused_maps, function)(values))
    observe.exact("error", made.error)
    if made.error:
        return
    packed, state = getattr(unused_maps, function)(values)
    observe.exact("packed", returned(packed))
    observe.exact("state", state_of(state))
    back = getattr(unused_maps, undo[function])(packed, state)
    observe.exact("back", returned(back))
    error = (back.float() - values.float()).abs()
    observe.numeric("errors", [error.max().item(), error.mean().item()], scale=1.0)


@requires("bitsandbytes", "torch")
def test_quantising_float32_in_blocks_leaves_later_answers_as_they_are(unused_maps, observe):
    import torch

    def error(values):
        back = unused_maps.dequantize_blockwise(*unused_maps.quantize_blockwise(values))
        return (back.float() - values.float()).abs().max().item()

    half = torch.linspace(-1, 1, 8192).to(torch.float16)
    before = error(half)
    error(half.float())
    observe.exact("float16 errs as before", error(half) == before)


@tier("quick")
@requires("bitsandbytes", "torch")
def test_functions_of_float16_answer_like_this(observe):
    import torch
    from bitsandbytes import functional

    half = torch.linspace(-1, 1, 256).to(torch.float16)
    uses = {
        "quantize_4bit": lambda: functional.quantize_4bit(half)[0],
        "quantize_fp4": lambda: functional.quantize_fp4(half)[0],
        "quantize_nf4": lambda: functional.quantize_nf4(half)[0],
        "quantize_blockwise": lambda: functional.quantize_blockwise(half)[0],
        "int8_vectorwise_quant": lambda: functional.int8_vectorwise_quant(half[None])[0],
        "quantize": lambda: functional.quantize(half)[0],
        "vectorwise_quant": lambda: functional.vectorwise_quant(half[None])[0],
        "create_dynamic_map": lambda: functional.create_dynamic_map(),
        "create_linear_map": lambda: functional.create_linear_map(),
        "get_4bit_type": lambda: functional.get_4bit_type("nf4", device="cpu"),
    }
    for name, use in uses.items():
        observe.exact(name, answer(use).kind)


LAYERS = (
    "Linear4bit",
    "LinearNF4",
    "LinearFP4",
    "Linear8bitLt",
    "StableEmbedding",
    "EmbeddingNF4",
)


def keys_of(layer):
    try:
        return sorted(layer.state_dict())
    except NotImplementedError:
        return "cannot be saved"


@pytest.mark.parametrize("name", LAYERS)
@requires("bitsandbytes", "torch")
def test_a_layer_made_with_no_option_is_this(name, observe):
    import torch
    from bitsandbytes import nn

    layer = getattr(nn, name)(64, 64)
    told = {
        "weight": f"{type(layer.weight).__name__} {layer.weight.dtype} {list(layer.weight.shape)}",
        "trainable": layer.weight.requires_grad,
        "training": layer.training,
        "keys": keys_of(layer),
    }
    for attribute in ("compute_dtype", "quant_type", "quant_state", "compute_type_is_set"):
        told[attribute] = brief(getattr(layer, attribute, "no such attribute"))
    if hasattr(layer, "state"):
        told["threshold"] = brief(layer.state.threshold)
        told["float16 weights"] = brief(layer.state.has_fp16_weights)
    observe.exact("made", told)
    moved = answer(lambda: layer.to("cpu").weight)
    observe.exact("moved", moved.kind)
    given = torch.zeros(1, 64) if "Embedding" not in name else torch.zeros(1, dtype=torch.long)
    observe.exact("put out", answer(lambda: layer(given)).kind)
    observe.exact("keys of the moved", keys_of(layer))


@requires("bitsandbytes", "torch")
def test_parameters_made_with_no_option_are_these(observe):
    import torch
    from bitsandbytes import nn

    names = (
        "requires_grad",
        "blocksize",
        "compress_statistics",
        "quant_type",
        "quant_storage",
        "bnb_quantized",
        "has_fp16_weights",
    )
    for kind in ("Params4bit", "Int8Params"):
        made = getattr(nn, kind)(torch.ones(64, 64))
        told = {name: brief(getattr(made, name, "no such attribute")) for name in names}
        observe.exact(kind, told)


@pytest.mark.parametrize("name", ["Adam8bit", "AdamW8bit", "Lion8bit", "SGD8bit", "PagedAdamW8bit"])
@requires("bitsandbytes", "torch")
def test_an_optimiser_made_with_no_option_has_these_settings(name, observe):
    import torch
    from bitsandbytes import optim

    rate = {"momentum": 0.9} if name == "SGD8bit" else {}
    made = answer(lambda: getattr(optim, name)([torch.ones(4)], lr=0.1, **rate).defaults)
    observe.exact("error", made.error)
    if not made.error:
        settings = getattr(optim, name)([torch.ones(4)], lr=0.1, **rate).defaults
        observe.surface("settings", {key: brief(value) for key, value in settings.items()})
