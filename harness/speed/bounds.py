"""The least time that a model's work could take on this machine.

A decode step has to read every weight that it multiplies with and the cache; a prefill has to
multiply every token with every weight and, for attention, with half of the tokens in the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.measure.memory import quantisation_bytes, tensor_bytes
from harness.speed.caches import cache_bytes
from harness.speed.limits import matmul_limit, read_limit
from harness.speed.planted import linear_layers, weight_count
from harness.speed.task import Asked
from harness.vocabulary.costs import Bound, Limit, Quantity


@dataclass(frozen=True)
class Work:
    """What a model's work amounts to.

    `read` is the bytes of weights that a step has to read, `cached` bytes a token of the
    cache; `body` and `head` are weights that multiply each token, and the last one of a
    sequence only; `attended` operations a pair of tokens that attend to each other.
    """

    read: int
    cached: int
    body: int
    head: int
    attended: int

    def decode_bytes(self, context: int, batch: int) -> int:
        return self.read + self.cached * context * batch

    def prefill_operations(self, tokens: int, batch: int, causal: bool) -> float:
        pairs = tokens * (tokens + 1) / 2 if causal else float(tokens * tokens)
        each = 2.0 * (self.body * tokens + self.head) + self.attended * pairs
        return batch * each


def limits(asked: Asked) -> tuple[Limit, ...]:
    """Read bandwidth and matrix products of the arm's device, if they are asked for."""
    if not asked.limits:
        return ()
    return (read_limit(asked.arm.device), matmul_limit(asked.arm.precision, asked.arm.device))


def bounds(
    model: Any, quantities: tuple[Quantity, ...], limits: tuple[Limit, ...]
) -> tuple[Bound, ...]:
    """The bounds of decode and first token; none of a model that uses a part of its weights."""
    rates = {limit.kind: limit.rate for limit in limits}
    if not rates or _is_mixture(model):
        return ()
    return tuple(_bounds(work_of(model), is_causal(model), quantities, rates))


def _bounds(
    work: Work, causal: bool, quantities: tuple[Quantity, ...], rates: dict[Any, float]
) -> Iterator[Bound]:
    for quantity in quantities:
        name, _, shape = quantity.name.partition("@")
        tokens, batch = (int(part) for part in shape.split("x"))
        if name == "decode":
            seconds = work.decode_bytes(tokens, batch) / rates["read"]
            yield Bound(quantity.id, seconds, "read")
        elif name == "first-token":
            seconds = work.prefill_operations(tokens, batch, causal) / rates["matmul"]
            yield Bound(quantity.id, seconds, "matmul")


def work_of(model: Any) -> Work:
    """Count the model's weights by what is done with them."""
    head = _call(model, "get_output_embeddings")
    embedding = _call(model, "get_input_embeddings")
    read = tensor_bytes(model) + quantisation_bytes(model)
    if embedding is not None and not _tied(embedding, head):
        # One row a token is read of a table that nothing is multiplied with.
        read -= embedding.weight.numel() * embedding.weight.element_size()
    config = model.config
    return Work(
        read=read,
        cached=cached_bytes(model),
        body=sum(weight_count(layer) for layer in linear_layers(model) if layer is not head),
        head=weight_count(head) if head is not None else 0,
        attended=4 * _number(config, "hidden_size") * _number(config, "num_hidden_layers"),
    )


def cached_bytes(model: Any) -> int:
    """Bytes that the cache of one token takes, by computing one of two tokens; 0 without one."""
    if not is_causal(model):
        return 0
    import torch

    with torch.inference_mode():
        ids = torch.zeros((1, 2), dtype=torch.long, device=model.device)
        return cache_bytes(getattr(model(ids, use_cache=True), "past_key_values", None)) // 2


def is_causal(model: Any) -> bool:
    """Whether the model has a head that makes tokens."""
    return _call(model, "get_output_embeddings") is not None


def _tied(embedding: Any, head: Any) -> bool:
    return head is not None and embedding.weight.data_ptr() == head.weight.data_ptr()


def _is_mixture(model: Any) -> bool:
    names = ("num_experts", "num_local_experts", "n_routed_experts")
    return any(_number(model.config, name) > 1 for name in names)


def _number(config: Any, name: str) -> int:
    found = getattr(config, name, 0)
    return found if isinstance(found, int) else 0


def _call(model: Any, name: str) -> Any:
    method: Callable[[], Any] | None = getattr(model, name, None)
    try:
        return method() if method is not None else None
    except NotImplementedError:
        return None
