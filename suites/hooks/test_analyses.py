"""transformer-lens's analyses and weight processing, against the sums that they stand for."""

from __future__ import annotations

import pytest

from harness.measure import constructed

pytestmark = pytest.mark.requires("transformer-lens", "transformers")

ANSWER, OTHER = 5, 9
LAYERS = 2


def boot(model, folder):
    from transformer_lens.model_bridge import TransformerBridge

    model.save_pretrained(folder)
    constructed.tokenizer().save_pretrained(folder)
    return TransformerBridge.boot_transformers(str(folder), hf_model=model, device="cpu")


def circuit():
    """The random circuit with weights ten times as large, so that every part counts."""
    import torch

    model = constructed.random_circuit(seed=0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".ln_" not in name:
                parameter.mul_(10)
            elif name.endswith("bias"):
                parameter.mul_(20)
    return model


@pytest.fixture
def tokens():
    import torch

    return torch.tensor([[3, 5, 7, 9, 11], [4, 6, 8, 10, 12]])


@pytest.fixture
def plain(keep, tmp_path_factory):
    return keep("plain-circuit", lambda: boot(circuit(), tmp_path_factory.mktemp("plain")))


@pytest.fixture
def processed(keep, tmp_path_factory):
    """Norms folded, weights centred: compatibility mode."""

    def make():
        bridge = boot(circuit(), tmp_path_factory.mktemp("processed"))
        bridge.enable_compatibility_mode()
        return bridge

    return keep("processed-circuit", make)


def run(bridge, tokens):
    import torch

    with torch.no_grad():
        return bridge.run_with_cache(tokens)


def test_folding_and_centring_leave_every_probability(plain, processed, tokens):
    import torch

    expected = torch.log_softmax(run(plain, tokens)[0], -1)
    found = torch.log_softmax(run(processed, tokens)[0], -1)
    assert expected.std() > 0.1
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-4)


def test_the_centred_stream_has_no_mean(plain, processed, tokens):
    before, after = run(plain, tokens)[1], run(processed, tokens)[1]
    for layer in range(LAYERS):
        assert before["resid_pre", layer].mean(-1).abs().max() > 1e-2
        assert after["resid_pre", layer].mean(-1).abs().max() < 1e-5
        assert after["resid_post", layer].mean(-1).abs().max() < 1e-5


def test_a_layer_is_counted_from_the_end_too(plain, tokens):
    cache = run(plain, tokens)[1]
    for name in ("resid_post", "pattern"):
        assert cache[name, -1] is cache[name, LAYERS - 1]
        assert cache[name, -LAYERS] is cache[name, 0]


def test_the_accumulated_stream_ends_with_the_last_layer(processed, tokens):
    import torch

    cache = run(processed, tokens)[1]
    stack, labels = cache.accumulated_resid(return_labels=True, incl_mid=True)
    assert labels == ["0_pre", "0_mid", "1_pre", "1_mid", "final_post"]
    names = [("resid_pre", 0), ("resid_mid", 0), ("resid_pre", 1), ("resid_mid", 1)]
    for found, name in zip(stack, [*names, ("resid_post", 1)], strict=True):
        assert torch.equal(found, cache[name])


def test_what_was_written_sums_to_the_stream(processed, tokens):
    import torch

    cache = run(processed, tokens)[1]
    written = cache.decompose_resid()
    torch.testing.assert_close(written.sum(0), cache["resid_post", 1], rtol=1e-4, atol=1e-5)


def test_attributions_sum_to_the_logit_difference(processed, tokens):
    """The final norm's scale divides each part; the unembedding's bias is nobody's."""
    import torch

    logits, cache = run(processed, tokens)
    parts = cache.decompose_resid()
    found = cache.logit_attrs(parts, tokens=ANSWER, incorrect_tokens=OTHER).sum(0)
    expected = logits[..., ANSWER] - logits[..., OTHER]
    expected = expected - (processed.b_U[ANSWER] - processed.b_U[OTHER])
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_the_loss_is_that_of_the_next_token(plain, tokens):
    import torch

    logits = run(plain, tokens)[0]
    own = torch.log_softmax(logits[:, :-1], -1).gather(-1, tokens[:, 1:, None])[..., 0]
    with torch.no_grad():
        mean = plain(tokens, return_type="loss")
        each = plain(tokens, return_type="loss", loss_per_token=True)
    torch.testing.assert_close(mean, -own.mean(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(each, -own, rtol=1e-4, atol=1e-5)


def test_patching_a_head_is_patching_that_head(plain, tokens):
    """The library's sweep over heads, against one hook a head."""
    import torch
    from transformer_lens import patching

    clean, corrupted = tokens[:1], tokens[1:]
    cache = run(plain, clean)[1]

    def metric(logits):
        return logits[0, -1, ANSWER] - logits[0, -1, OTHER]

    with torch.no_grad():
        found = patching.get_act_patch_attn_head_out_all_pos(plain, corrupted, cache, metric)
        expected = torch.zeros(LAYERS, constructed.HEADS)
        for layer in range(LAYERS):
            for head in range(constructed.HEADS):

                def from_clean(z, hook, layer=layer, head=head):
                    z = z.clone()
                    z[:, :, head] = cache["z", layer][:, :, head]
                    return z

                hook = (f"blocks.{layer}.attn.hook_z", from_clean)
                expected[layer, head] = metric(plain.run_with_hooks(corrupted, fwd_hooks=[hook]))
    assert expected.unique().numel() == expected.numel()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_grouped_queries_read_the_keys_of_their_group(work_dir):
    """Head h reads key-value head h // 2 (Ainslie et al. 2023), by the weights of transformers."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=constructed.TOKENS,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=32,
    )
    model = LlamaForCausalLM(config).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
        attention = model.model.layers[0].self_attn
        parts = {
            name: getattr(attention, f"{name}_proj").weight.clone().reshape(-1, 8, 32)
            for name in ("q", "k", "v")
        }
        out = attention.o_proj.weight.clone().T.reshape(4, 8, 32)
        bridge = boot(model, work_dir)
        for head in range(4):
            queries, keys = parts["q"][head], parts["k"][head // 2]
            torch.testing.assert_close(bridge.QK.AB[0, head], queries.T @ keys)
            values = parts["v"][head // 2]
            torch.testing.assert_close(bridge.OV.AB[0, head], values.T @ out[head])


def test_a_factored_matrix_has_the_singular_vectors_of_its_product():
    import torch
    from transformer_lens import FactoredMatrix

    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(*shape, generator=generator) for shape in ((7, 3), (3, 5)))
    factored, product = FactoredMatrix(a, b), a @ b
    rebuilt = factored.U @ torch.diag(factored.S) @ factored.V.T
    torch.testing.assert_close(rebuilt, product)
    torch.testing.assert_close(factored.make_even().AB, product)
    square = FactoredMatrix(a[:5], b)
    expected = torch.linalg.eigvals(a[:5] @ b)
    found = square.eigenvalues.abs().sort().values
    torch.testing.assert_close(found, expected.abs().sort().values[-3:], rtol=1e-4, atol=1e-4)


def test_the_stream_between_attention_and_mlp_has_the_attention_in_it(plain, tokens):
    import torch

    cache = run(plain, tokens)[1]
    for layer in range(LAYERS):
        pre, mid, post = (cache[f"resid_{place}", layer] for place in ("pre", "mid", "post"))
        torch.testing.assert_close(mid, pre + cache["attn_out", layer], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(post, mid + cache["mlp_out", layer], rtol=1e-4, atol=1e-5)


def test_backward_hooks_are_given_the_gradient(plain, tokens):
    """Of the summed logits after the last block: every column of the unembedding, through ln_f."""
    import torch

    stream = run(plain, tokens)[1]["resid_post", LAYERS - 1].clone().requires_grad_()
    model = plain.original_model
    with torch.enable_grad():
        model.lm_head(model.transformer.ln_f(stream)).sum().backward()
        found = {}

        def keep_gradient(gradient, hook):
            found[hook.name] = gradient.clone()

        name = f"blocks.{LAYERS - 1}.hook_out"
        logits = plain.run_with_hooks(
            tokens, bwd_hooks=[(name, keep_gradient)], reset_hooks_end=False
        )
        try:
            logits.sum().backward()
        finally:
            plain.reset_hooks()
    assert list(found) == [name]
    torch.testing.assert_close(found[name], stream.grad, rtol=1e-3, atol=1e-4)


def test_a_cache_of_gradients_is_that_of_the_loss(plain, tokens):
    import torch

    with torch.enable_grad():
        _, cache = plain.run_with_cache(tokens, incl_bwd=True, return_type="loss")
        stream = cache["resid_post", LAYERS - 1].detach().clone().requires_grad_()
        model = plain.original_model
        logits = model.lm_head(model.transformer.ln_f(stream))
        own = torch.log_softmax(logits[:, :-1], -1).gather(-1, tokens[:, 1:, None])
        (-own.mean()).backward()
    found = cache[f"blocks.{LAYERS - 1}.hook_out_grad"]
    torch.testing.assert_close(found, stream.grad, rtol=1e-3, atol=1e-6)
