"""Attention that documents speak of: what "it" looks at, and how many patterns models have."""

from __future__ import annotations

from harness.plugin import documents, needs, precisions, requires
from harness.vocabulary.observations import Axes

STREET = "The animal didn't cross the street because it was too tired"
DRAWS = 40
"""Controls that the trained model is held against: with 40, chance alone wins once in 41 times."""

PUBLISHED_SIZES = {"distilgpt2": 82e6, "gpt2": 124e6, "Llama-2-7b-chat": 6.74e9}
"""Parameters, by the models' cards (Llama 2's by its paper's table)."""


@needs(subject="minilm-l6")
@precisions("float32")
@documents("self-attention.it-animal")
def test_it_looks_at_the_animal(load, hf_tokenizer, observe):
    """In a trained encoder: the largest share that any head of "it" gives "animal".

    Some head of 72 always gives it much, so chance has to be beaten: the share must exceed the
    largest one in each of 40 controls, the same model with the entries of every query and key
    matrix shuffled. The claim does not hold where a control reaches the trained model's share.
    """
    import torch

    model = load(attn_implementation="eager").eval()
    inputs = hf_tokenizer(STREET, return_tensors="pt")
    words = hf_tokenizer.convert_ids_to_tokens(inputs["input_ids"][0].tolist())

    def from_it():
        """[layer, head, word]"""
        with torch.no_grad():
            attentions = model(**inputs, output_attentions=True).attentions
        return torch.stack(attentions)[:, 0, :, words.index("it")]

    trained = from_it()
    animal, street = (trained[..., words.index(word)] for word in ("animal", "street"))
    observe.numeric(
        "it to animal", animal.tolist(), axes=Axes("layer", "head", full=1.0), scale=1.0
    )
    observe.numeric(
        "it to street", street.tolist(), axes=Axes("layer", "head", full=1.0), scale=1.0
    )
    chance = []
    for seed in range(DRAWS):
        shuffle_queries_and_keys(model, seed)
        chance.append(float(from_it()[..., words.index("animal")].max()))
    layer, head = divmod(int(animal.argmax()), animal.shape[1])
    share = float(animal.max())
    observe.claim(
        "self-attention.it-animal",
        {
            "largest share": round(share, 3),
            "at": f"layer {layer}, head {head}",
            "there to street": round(float(street[layer, head]), 3),
            f"largest share in {DRAWS} controls": round(max(chance), 3),
        },
        holds=share > max(chance),
        steady=False,
    )


def shuffle_queries_and_keys(model, seed):
    """What was learnt of where to look goes; the sizes of the numbers stay."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if name.endswith(("query.weight", "key.weight")):
                order = torch.randperm(parameter.numel(), generator=generator)
                parameter.copy_(parameter.flatten()[order].reshape(parameter.shape))


@requires("transformers", "torch")
@documents("homework.bertviz-sizes")
def test_larger_models_have_more_attention_patterns(observe):
    """Layers by heads of what the models return for a view.

    No count is put in: the depth is the one that gives the published number of parameters, the
    heads are the library's defaults for the architecture. The claim does not hold where one of
    the two gives another count. Widths do not matter for the view and are small here.
    """
    import torch
    from transformers import AutoModel, GPT2Config, LlamaConfig

    kinds = {
        "distilgpt2": (GPT2Config, "n_layer", {"n_embd": 24}),
        "gpt2": (GPT2Config, "n_layer", {"n_embd": 24}),
        "Llama-2-7b-chat": (
            LlamaConfig,
            "num_hidden_layers",
            {"hidden_size": 64, "intermediate_size": 8},
        ),
    }

    def patterns(name):
        kind, key, narrow = kinds[name]
        layers = depth(lambda n: kind(**{key: n}), PUBLISHED_SIZES[name])
        config = kind(**{key: layers, "vocab_size": 8, "pad_token_id": 0, **narrow})
        model = AutoModel.from_config(config, attn_implementation="eager").eval()
        with torch.no_grad():
            attentions = model(
                torch.zeros(1, 3, dtype=torch.long), output_attentions=True, use_cache=False
            ).attentions
        return [len(attentions), attentions[0].shape[1]]

    sizes = {name: patterns(name) for name in kinds}
    expected = {"distilgpt2": [6, 12], "gpt2": [12, 12], "Llama-2-7b-chat": [32, 32]}
    products = {layers * heads for layers, heads in sizes.values()}
    observe.claim(
        "homework.bertviz-sizes",
        sizes,
        holds=sizes == expected and len(products) == len(sizes),
    )


def depth(config, published):
    """How many layers bring a model with these defaults nearest to its published size."""
    import torch
    from transformers import AutoModelForCausalLM

    def size(layers):
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config(layers))
        return sum(parameter.numel() for parameter in model.parameters())

    one, two = size(1), size(2)
    return 1 + round((published - one) / (two - one))
