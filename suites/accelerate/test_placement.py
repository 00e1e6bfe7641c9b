"""accelerate: device maps, models without weights, and offloading that changes no output."""

from __future__ import annotations

import pytest

from harness.plugin import documents, requires, tier
from harness.subjects.standins import fill

pytestmark = [requires("accelerate", "transformers", "torch"), tier("quick")]

LAYERS, WIDTH = 6, 64


@pytest.fixture
def config():
    import transformers

    return transformers.LlamaConfig(
        vocab_size=64,
        hidden_size=WIDTH,
        intermediate_size=96,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=32,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )


@pytest.fixture
def saved(config, work_dir):
    """A Llama of 6 layers in memory, and the folder that it was saved to."""
    import transformers

    model = fill(transformers.LlamaForCausalLM(config))
    model.save_pretrained(work_dir / "saved")
    return model, work_dir / "saved"


@pytest.fixture
def empty(config):
    import accelerate
    import transformers

    with accelerate.init_empty_weights():
        return transformers.LlamaForCausalLM(config)


def logits(model):
    import torch

    with torch.no_grad():
        return model(torch.arange(12)[None] + 3).logits


def layer_bytes(model):
    return sum(parameter.nbytes for parameter in model.model.layers[0].parameters())


def test_an_empty_model_has_every_shape_and_no_weights(empty, saved):
    model, _ = saved
    assert {parameter.device.type for parameter in empty.parameters()} == {"meta"}
    shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
    assert {name: parameter.shape for name, parameter in empty.named_parameters()} == shapes


@tier("default")
@documents("accelerate.multi-gpu")
def test_a_map_spreads_the_layers_in_order_over_two_gpus_and_the_rest_to_the_cpu(empty, observe):
    """Inferred for two devices of which each holds the embedding and two layers: needs no GPU."""
    import accelerate

    room = layer_bytes(empty) * 2 + empty.model.embed_tokens.weight.nbytes + 1024
    found = accelerate.infer_auto_device_map(
        empty,
        max_memory={0: room, 1: room, "cpu": "1GB"},
        no_split_module_classes=["LlamaDecoderLayer"],
    )
    layers = [place(found, f"model.layers.{index}") for index in range(LAYERS)]
    order = [{0: 0, 1: 1, "cpu": 2}[device] for device in layers]
    observe.claim(
        "accelerate.multi-gpu",
        {f"layer {index}": str(device) for index, device in enumerate(layers)},
        holds=order == sorted(order) and {0, 1} <= set(layers),
    )


@documents("accelerate.multi-gpu")
def test_a_model_over_two_gpus_computes_what_one_device_does(saved):
    import torch
    import transformers

    if torch.cuda.device_count() < 2:
        pytest.skip("needs two CUDA devices")
    model, folder = saved
    half = layer_bytes(model) * (LAYERS // 2) + model.model.embed_tokens.weight.nbytes * 2
    spread = transformers.AutoModelForCausalLM.from_pretrained(
        folder, device_map="auto", max_memory={0: half, 1: "1GB"}
    )
    assert {parameter.device.index for parameter in spread.parameters()} == {0, 1}
    assert torch.allclose(logits(spread).cpu(), logits(model), atol=1e-4)


def test_a_model_offloaded_to_disk_computes_exactly_the_same(saved, work_dir, observe):
    import transformers

    model, folder = saved
    room = layer_bytes(model) * 2 + model.model.embed_tokens.weight.nbytes
    offloaded = transformers.AutoModelForCausalLM.from_pretrained(
        folder,
        device_map="auto",
        max_memory={"cpu": room},
        offload_folder=str(work_dir / "offloaded"),
    ).eval()
    devices = set(offloaded.hf_device_map.values())
    assert "disk" in devices
    assert logits(offloaded).equal(logits(model))
    observe.exact("devices", sorted(str(device) for device in devices))
    observe.exact("has a map", hasattr(model, "hf_device_map"))


def test_a_checkpoint_dispatched_into_an_empty_model_computes_the_same(saved, empty, work_dir):
    import accelerate

    model, folder = saved
    empty.tie_weights()
    dispatched = accelerate.load_checkpoint_and_dispatch(
        empty,
        str(folder),
        device_map={"model.embed_tokens": "cpu", "model.norm": "cpu", "lm_head": "cpu",
                    "model.rotary_emb": "cpu",
                    **{f"model.layers.{index}": "cpu" if index < 3 else "disk"
                       for index in range(LAYERS)}},
        offload_folder=str(work_dir / "dispatched"),
        offload_buffers=False,
    ).eval()  # fmt: skip
    assert dispatched.model.layers[LAYERS - 1].mlp.up_proj.weight.device.type == "meta"
    assert logits(dispatched).equal(logits(model))


def test_the_sizes_of_modules_add_up_to_the_whole(saved):
    from accelerate.utils import compute_module_sizes

    model, _ = saved
    sizes = compute_module_sizes(model)
    assert sizes[""] == sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))
    assert sizes["model.layers.0"] == layer_bytes(model)


def test_tied_weights_are_one_weight_in_a_map(config, observe):
    """The embedding and the head of a tied model lie on one device, whatever the room."""
    import accelerate
    import transformers

    config.tie_word_embeddings = True
    with accelerate.init_empty_weights():
        model = transformers.LlamaForCausalLM(config)
    model.tie_weights()
    room = layer_bytes(model) * 2 + model.model.embed_tokens.weight.nbytes + 1024
    found = accelerate.infer_auto_device_map(
        model,
        max_memory={0: room, 1: "1GB"},
        no_split_module_classes=["LlamaDecoderLayer"],
    )
    assert place(found, "lm_head") == place(found, "model.embed_tokens")
    observe.exact("map", {name: str(device) for name, device in found.items()})


def place(device_map, name):
    """The device of a module, by the longest entry that holds it."""
    entries = [entry for entry in device_map if name == entry or name.startswith(f"{entry}.")]
    return device_map[max(entries, key=len)] if entries else device_map[""]
