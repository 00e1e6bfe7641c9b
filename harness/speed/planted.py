"""Slowdowns and weight put in on purpose, by real work: does a benchmark find them?

`NAME=FACTOR` makes the model's quantities of that name take FACTOR times as long: beside each
call, so many of the model's own linear layers are called once more that their time is FACTOR - 1
of the call's. `load=copy` keeps a second copy of the weights alive with the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle
from statistics import median
from time import perf_counter
from typing import Any

from harness.speed.task import Measure
from harness.vocabulary.plants import COPY, Plant, parse

_ROUNDS = 12


def of_load(text: str) -> Callable[[Any], Any]:
    """What is to be done with every model that was loaded: nothing, or a copy kept with it."""
    parse(text)
    return _with_copy if text == COPY else lambda model: model


def _with_copy(model: Any) -> Any:
    model.planted_copy = [tensor.detach().clone() for tensor in model.parameters()]
    return model


def slowed(measure: Measure, plant: Plant, model: Any, tokens: int, batch: int) -> Measure:
    """The measure with extra work beside each call, calibrated when it is first prepared.

    `tokens` is how many each sequence of the batch is computed at in one call.
    """
    work = LayersAgain(model, tokens, batch)
    share = 0.0

    def prepare() -> None:
        nonlocal share
        if not share:
            share = (plant.factor - 1.0) * calibrated(measure, work)
        if measure.prepare is not None:
            measure.prepare()

    def call() -> None:
        measure.call()
        work(share)

    return replace(measure, call=call, prepare=prepare)


def calibrated(measure: Measure, work: LayersAgain) -> float:
    """How often all of `work` fits into the time of one call: the median of interleaved pairs."""
    settle = measure.settle or (lambda: None)
    ratios = []
    for _ in range(_ROUNDS + 2):
        if measure.prepare is not None:
            measure.prepare()
        measure.call()
        settle()
        begun = perf_counter()
        measure.call()
        settle()
        between = perf_counter()
        work(1.0)
        settle()
        ratios.append((between - begun) / (perf_counter() - between))
    return median(ratios[2:])


class LayersAgain:
    """Calls a model's linear layers, one after the other and round again, on inputs of their size.

    In their own order, so that each layer's weights come from memory as they do in the model.
    """

    def __init__(self, model: Any, tokens: int, batch: int) -> None:
        import torch

        device = model.device
        dtype = next(p.dtype for p in model.parameters() if p.is_floating_point())
        head = getattr(model, "get_output_embeddings", lambda: None)()
        self._layers = [layer for layer in linear_layers(model) if layer is not head]
        self._inputs = {
            width: torch.full((batch, tokens, width), 0.01, dtype=dtype, device=device)
            for width in {in_features(layer) for layer in self._layers}
        }
        self._all = float(sum(weight_count(layer) for layer in self._layers))
        self._next = cycle(self._layers)
        self._owed = 0.0

    def __call__(self, share: float) -> None:
        """Call `share` of all layers, by their number of weights; what is left over is owed."""
        import torch

        self._owed += share * self._all
        with torch.inference_mode():
            while self._owed > 0:
                layer = next(self._next)
                layer(self._inputs[in_features(layer)])
                self._owed -= weight_count(layer)


def linear_layers(model: Any) -> Iterator[Any]:
    """The modules that multiply by a matrix: Linear of torch and bitsandbytes, GPT-2's Conv1D."""
    for module in model.modules():
        if hasattr(module, "in_features") or type(module).__name__ == "Conv1D":
            yield module


def in_features(layer: Any) -> int:
    found = getattr(layer, "in_features", None)
    return int(layer.weight.shape[0] if found is None else found)


def weight_count(layer: Any) -> int:
    """Weights of the matrix, whatever they are packed into."""
    if hasattr(layer, "in_features"):
        return int(layer.in_features) * int(layer.out_features)
    return int(layer.weight.numel())
