"""A loaded model at work: time to the first token, decode at several contexts, generate.

Ids are drawn under a seed: what they are does not matter to the time, that both sides compute
the same does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.measure.generation import pad_id
from harness.speed import planted
from harness.speed.bounds import bounds, limits
from harness.speed.caches import Rewinding, as_cache, repeated
from harness.speed.loading import loads_of
from harness.speed.subject import model_subject, settle_for
from harness.speed.task import Asked, Measure, Opened
from harness.vocabulary import plants
from harness.vocabulary.costs import Quantity
from harness.vocabulary.turns import Missing

FIRST_TOKEN = ((32, 1), (128, 1), (512, 1), (128, 8))
DECODE = ((64, 1), (256, 1), (1024, 1), (256, 8))
GENERATE = (64, 1)
NEW_TOKENS = 16
"""New tokens of one generate; decode goes no farther beyond its context either."""


@dataclass(frozen=True)
class Model:
    """What the measures of one worker share."""

    model: Any
    vocabulary: int
    settle: Callable[[], object] | None

    def ids(self, tokens: int, batch: int) -> Any:
        """[batch, tokens], the same in every process."""
        import torch

        generator = torch.Generator().manual_seed(0)
        drawn = torch.randint(self.vocabulary, (batch, tokens), generator=generator)
        return drawn.to(self.model.device)


def open_task(asked: Asked) -> Opened:
    """Load the model and say what of it can be measured."""
    found = model_subject(asked)
    plant = plants.parse(asked.arm.plant)
    loads = loads_of(asked, found)
    model = loads.load()
    shared = Model(model, vocabulary(model), settle_for(asked.arm.device))
    generates = "causal-lm" in found.entry.abilities
    limit = positions(model)
    measures, missed = [], []
    for name, tokens, batch in wanted(generates):
        quantity = asked.quantity(f"{name}@{tokens}x{batch}")
        longest = tokens + (0 if name == "first-token" else NEW_TOKENS)
        if limit is not None and longest > limit:
            missed.append(Missing(quantity, f"the model has {limit} positions, not {longest}"))
            continue
        measure = _MAKERS[name if generates else "forward"](shared, quantity, tokens, batch)
        if plant.slows(name):
            length = 1 if name == "decode" else tokens
            measure = planted.slowed(measure, plant, model, length, batch)
        measures.append(measure)
    measured = limits(asked)
    return Opened(
        measures=tuple(measures),
        missed=tuple(missed),
        limits=measured,
        bounds=bounds(model, tuple(each.quantity for each in measures), measured),
    )


def wanted(generates: bool) -> Iterator[tuple[str, int, int]]:
    """Name, context and batch of every quantity that such a model may have."""
    yield from (("first-token", *shape) for shape in FIRST_TOKEN)
    if generates:
        yield from (("decode", *shape) for shape in DECODE)
        yield ("generate", *GENERATE)


def positions(model: Any) -> int | None:
    """How many positions the model was made for, if its configuration says."""
    config = _text_config(model)
    for name in ("max_position_embeddings", "n_positions"):
        found = getattr(config, name, None)
        if isinstance(found, int) and found > 0:
            return found
    return None


def first_token(shared: Model, quantity: str, tokens: int, batch: int) -> Measure:
    """The library's own generate of one token: all that a user waits for."""
    ids = shared.ids(tokens, batch)
    return Measure(
        Quantity(quantity, "s", "token", float(tokens * batch), least=1e-4),
        call=lambda: _generate(shared.model, ids, 1),
        settle=shared.settle,
    )


def forward(shared: Model, quantity: str, tokens: int, batch: int) -> Measure:
    """An encoder's whole pass: it has no other first answer."""
    import torch

    ids = shared.ids(tokens, batch)
    mask = torch.ones_like(ids)
    model = shared.model

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def call() -> None:
        model(ids, attention_mask=mask)

    return Measure(
        Quantity(quantity, "s", "token", float(tokens * batch), least=1e-4),
        call=call,
        settle=shared.settle,
    )


def decode(shared: Model, quantity: str, tokens: int, batch: int) -> Measure:
    """One new token for each sequence of the batch, greedy, from the cache of the context."""
    steps = Steps(shared, tokens, batch)
    return Measure(
        Quantity(quantity, "s", "token", float(batch), least=2e-5),
        call=steps.step,
        prepare=steps.rewind,
        stretch=NEW_TOKENS,
        settle=shared.settle,
    )


def generate(shared: Model, quantity: str, tokens: int, batch: int) -> Measure:
    """The library's own generate of NEW_TOKENS tokens for each sequence."""
    ids = shared.ids(tokens, batch)
    return Measure(
        Quantity(quantity, "s", "token", float(NEW_TOKENS * batch), least=2e-4),
        call=lambda: _generate(shared.model, ids, NEW_TOKENS),
        settle=shared.settle,
    )


_MAKERS: dict[str, Callable[[Model, str, int, int], Measure]] = {
    "first-token": first_token,
    "forward": forward,
    "decode": decode,
    "generate": generate,
}


class Steps:
    """Greedy decoding by hand: each step feeds the token of the one before."""

    def __init__(self, shared: Model, tokens: int, batch: int) -> None:
        self._shared, self._tokens, self._batch = shared, tokens, batch
        self._model = shared.model
        self._first = shared.ids(tokens + 1, batch)[:, -1:]
        self._token = self._first
        self._cache: Any = None
        self._kept: Rewinding | None = None

    def rewind(self) -> None:
        """Back to the end of the context; the first time this computes it."""
        import torch

        if self._kept is None:
            with torch.inference_mode():
                self._kept = Rewinding(self._prefilled(), self._tokens)
        with torch.inference_mode():
            self._cache = self._kept.rewound()
        self._token = self._first

    def _prefilled(self) -> Any:
        """Of one sequence and repeated where the cache can be, since that is much quicker."""
        model, shared = self._shared.model, self._shared
        for batch in dict.fromkeys((1, self._batch)):
            output = model(shared.ids(self._tokens, batch), use_cache=True)
            cache = as_cache(model, output.past_key_values)
            found = cache if batch == self._batch else repeated(cache, self._batch)
            if found is not None:
                return found
        raise AssertionError("the last prefill has the whole batch")

    def step(self) -> None:
        import torch

        with torch.inference_mode():
            output = self._model(self._token, past_key_values=self._cache, use_cache=True)
            self._cache = output.past_key_values
            self._token = output.logits[:, -1:].argmax(-1)


def _generate(model: Any, ids: Any, new_tokens: int) -> None:
    import torch

    with torch.inference_mode():
        model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            min_new_tokens=new_tokens,
            max_new_tokens=new_tokens,
            pad_token_id=pad_id(model),
        )


def vocabulary(model: Any) -> int:
    return int(_text_config(model).vocab_size)


def _text_config(model: Any) -> Any:
    """The language part's configuration: models of several kinds keep one a kind."""
    find = getattr(model.config, "get_text_config", None)
    return find() if find is not None else model.config
