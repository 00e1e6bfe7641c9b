"""Attention that documents speak of: what "it" looks at, and how many patterns models have."""

from __future__ import annotations

from harness.plugin import documents, needs, precisions, requires
from harness.vocabulary.observations import Axes

STREET = "The animal didn't cross the street because it was too tired"


@needs(subject="minilm-l6")
@precisions("float32")
@documents("self-attention.it-animal")
def test_it_looks_at_the_animal(load, hf_tokenizer, observe):
    """In a trained encoder: the head where "it" gives "animal" its largest share.

    It counts as attended to where, in some head, no other word of the sentence gets as much.
    """
    import torch

    model = load(attn_implementation="eager").eval()
    inputs = hf_tokenizer(STREET, return_tensors="pt")
    words = hf_tokenizer.convert_ids_to_tokens(inputs["input_ids"][0].tolist())
    with torch.no_grad():
        attentions = model(**inputs, output_attentions=True).attentions
    from_it = torch.stack(attentions)[:, 0, :, words.index("it")]
    animal, street = (from_it[..., words.index(word)] for word in ("animal", "street"))
    observe.numeric("it to animal", animal.tolist(), axes=Axes("layer", "head"), scale=1.0)
    observe.numeric("it to street", street.tolist(), axes=Axes("layer", "head"), scale=1.0)
    layer, head = divmod(int(animal.argmax()), animal.shape[1])
    others = from_it.clone()
    others[..., [0, len(words) - 1, words.index("animal"), words.index("it")]] = 0
    first = animal > others.max(dim=-1).values
    observe.claim(
        "self-attention.it-animal",
        {
            "largest share": round(float(animal.max()), 3),
            "at": f"layer {layer}, head {head}",
            "there to street": round(float(street[layer, head]), 3),
            "heads where no other word gets as much": int(first.sum()),
            "heads": first.numel(),
        },
        holds=bool(first.any()),
    )


@needs(subject="minilm-l6")
@documents("tokenizers.bert.hello-shape")
def test_bert_base_turns_hello_world_into_four_states_of_768(hf_tokenizer, observe):
    """BERT-base's own width and vocabulary; the shape depends on neither weights nor depth."""
    import torch
    from transformers import BertConfig, BertModel

    model = BertModel(BertConfig(num_hidden_layers=1)).eval()
    with torch.no_grad():
        outputs = model(**hf_tokenizer("Hello world", return_tensors="pt"))
    shape = list(outputs.last_hidden_state.shape)
    observe.claim("tokenizers.bert.hello-shape", shape, holds=shape == [1, 4, 768])


@requires("transformers", "torch")
@documents("homework.bertviz-sizes")
def test_larger_models_have_more_attention_patterns(observe):
    """Layers by heads of what the models return for a view; their widths do not matter here."""
    import torch
    from transformers import AutoModel, GPT2Config, LlamaConfig

    narrow_llama = LlamaConfig(hidden_size=64, intermediate_size=8, vocab_size=8)
    configs = {
        "distilgpt2": GPT2Config(n_layer=6, n_embd=24, vocab_size=8),
        "gpt2": GPT2Config(n_embd=24, vocab_size=8),
        "Llama-2-7b-chat": narrow_llama,
    }

    def patterns(config):
        model = AutoModel.from_config(config, attn_implementation="eager").eval()
        ids = torch.zeros(1, 3, dtype=torch.long)
        with torch.no_grad():
            attentions = model(ids, output_attentions=True, use_cache=False).attentions
        return [len(attentions), attentions[0].shape[1]]

    sizes = {name: patterns(config) for name, config in configs.items()}
    expected = {"distilgpt2": [6, 12], "gpt2": [12, 12], "Llama-2-7b-chat": [32, 32]}
    observe.claim("homework.bertviz-sizes", sizes, holds=sizes == expected)
    assert len({layers * heads for layers, heads in sizes.values()}) == len(sizes)
