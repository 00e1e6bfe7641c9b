"""Faults of nnsight: what a trace reads, writes, batches and leaves behind."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch

_fault = partial(fault, library="nnsight")
TRACING = "hooks/test_tracing*"


def _envoy(patch: Patch) -> Any:
    return patch.module("nnsight.intervention.envoy").Envoy


@_fault(
    "nnsight.assignment-dropped",
    kind="hooks",
    sees=(TRACING,),
    why="assigning a module's output does nothing: a steered or ablated run is the plain one",
)
def assignment_dropped(patch: Patch) -> None:
    patch.edit(
        patch.module("nnsight.intervention.interleaver").Mediator,
        "handle",
        "batcher.widen(value, self.batch_group, pending.value)",
        "batcher.widen(value, self.batch_group, value)",
    )


@_fault(
    "nnsight.edits-ignored",
    kind="hooks",
    sees=(TRACING,),
    why="an edited model runs as if it had never been edited",
)
def edits_ignored(patch: Patch) -> None:
    patch.edit(
        _envoy(patch),
        "interleave",
        "self._edits + self.interleaver.mediators",
        "self.interleaver.mediators",
    )


@_fault(
    "nnsight.cleared-edits-stay",
    kind="hooks",
    sees=(TRACING,),
    why="clear_edits clears nothing: the model stays edited for the rest of the session",
)
def cleared_edits_stay(patch: Patch) -> None:
    patch.edit(_envoy(patch), "clear_edits", "self._edits = []", "pass")


@_fault(
    "nnsight.model-runs-twice",
    kind="memory",
    sees=(TRACING,),
    why="every trace costs two forward passes",
)
def model_runs_twice(patch: Patch) -> None:
    patch.edit(
        _envoy(patch),
        "interleave",
        "result = fn(*args, **kwargs)",
        "fn(*args, **kwargs); result = fn(*args, **kwargs)",
    )


@_fault(
    "nnsight.invokes-read-the-first-rows",
    kind="api",
    sees=(TRACING,),
    why="of several prompts in one trace each sees the activations of the first",
)
def invokes_read_the_first_rows(patch: Patch) -> None:
    patch.edit(
        patch.module("nnsight.intervention.batching").Batcher,
        "_narrow_tensor",
        "tensor.narrow(0, start, size)",
        "tensor.narrow(0, 0, size)",
    )


@_fault(
    "nnsight.padded-positions-not-counted",
    kind="position",
    sees=(TRACING,),
    why="the shorter prompt of a batch is padded on the left and starts at a later position: "
    "GPT-2 predicts otherwise than for the prompt alone",
)
def padded_positions_not_counted(patch: Patch) -> None:
    patch.edit(
        patch.module("nnsight.modeling.processing"),
        "positions",
        "return torch.where(left_padded, counted, plain)",
        "return plain",
    )


@_fault(
    "nnsight.steps-begin-at-zero",
    kind="position",
    sees=(TRACING,),
    why="tracer.iter[2] runs its block for steps 0, 1 and 2: an intervention on one generated "
    "token hits those before it as well",
)
def steps_begin_at_zero(patch: Patch) -> None:
    patch.edit(
        patch.module("nnsight.intervention.iterator").Iterations,
        "__getitem__",
        "return Iterations(key, key + 1)",
        "return Iterations(0, key + 1)",
    )


@_fault(
    "nnsight.skip-ignored",
    kind="hooks",
    sees=(TRACING,),
    why="a skipped module runs all the same",
)
def skip_ignored(patch: Patch) -> None:
    patch.edit(
        _envoy(patch), "skip", 'Mediator.skip(f"{self.path}.skip", replacement)', "return None"
    )


@_fault(
    "nnsight.stop-ignored",
    kind="memory",
    sees=(TRACING,),
    why="tracer.stop() stops nothing: reading the first layer costs the whole model",
)
def stop_ignored(patch: Patch) -> None:
    patch.edit(
        patch.module("nnsight.intervention.tracer").InterleavingTracer,
        "stop",
        "raise EarlyStopException()",
        "return None",
    )


@_fault(
    "nnsight.cache-keeps-the-last-visit",
    kind="cache",
    sees=(TRACING,),
    why="of a generation only the last step is cached: trajectories have one point",
)
def cache_keeps_the_last_visit(patch: Patch) -> None:
    patch.edit(
        patch.module("nnsight.intervention.cache").Cache,
        "_record",
        "if entries and key not in filled:",
        "if entries:",
    )


@_fault(
    "nnsight.replaced-input-drops-the-rest",
    kind="api",
    sees=(TRACING,),
    why="replacing a module's first input loses its other arguments: masks and positions fall "
    "back to defaults",
)
def replaced_input_drops_the_rest(patch: Patch) -> None:
    patch.wrap(
        patch.module("nnsight.intervention.envoy"),
        "replace_first_input",
        lambda original: lambda args, kwargs, value: ((value,), {}),
    )


@_fault(
    "nnsight.last-layer-is-the-one-before",
    kind="api",
    sees=(TRACING,),
    why="layers[-1] is the layer before the last: the logit lens misses a layer",
)
def last_layer_is_the_one_before(patch: Patch) -> None:
    patch.edit(_envoy(patch), "__getitem__", "key += len(self)", "key += len(self) - 1")


@_fault(
    "nnsight.tracing-after-an-error",
    kind="errors",
    sees=(TRACING,),
    why="after a trace that raised, the model believes that it is still being traced: the next "
    "trace is refused",
)
def tracing_after_an_error(patch: Patch) -> None:
    patch.edit(
        patch.module("nnsight.intervention.interleaver").Interleaver,
        "__exit__",
        "self.interleaving = False",
        "self.interleaving = exc_type is not None",
    )


@_fault(
    "nnsight.cache-keeps-the-graph",
    kind="memory",
    sees=(TRACING,),
    why="cached activations are not detached: each keeps the graph of its run in memory",
)
def cache_keeps_the_graph(patch: Patch) -> None:
    cache = patch.module("nnsight.intervention.cache").Cache
    patch.edit(cache, "_transform", "if self.detach:", "if False:")


@_fault(
    "nnsight.gradients-not-replaced",
    kind="training",
    sees=(TRACING,),
    why="a gradient that is assigned in a backward trace changes nothing further down",
)
def gradients_not_replaced(patch: Patch) -> None:
    patch.edit(
        patch.module("nnsight.intervention.backward"),
        "_grad_property",
        'return interleaver.handle(f"{location}.grad", grad)',
        'interleaver.handle(f"{location}.grad", grad)',
    )
