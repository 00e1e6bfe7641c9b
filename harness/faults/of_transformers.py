"""Faults of transformers."""

from __future__ import annotations

from harness.faults.fault import fault
from harness.faults.patch import Patch


@fault(
    "transformers.rms-norm-epsilon",
    library="transformers",
    kind="normalisation",
    why="an epsilon a thousand times too large dampens small activations, in every layer",
    sees=("generation/test_greedy.py",),
)
def rms_norm_epsilon(patch: Patch) -> None:
    llama = patch.module("transformers.models.llama.modeling_llama")
    patch.edit(
        llama.LlamaRMSNorm, "forward", "self.variance_epsilon", "self.variance_epsilon * 1e3"
    )
