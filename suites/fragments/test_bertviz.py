"""The documents' attention view, as written."""

from __future__ import annotations

from harness.plugin import documents, requires


@requires("bertviz", "transformers", "torch")
@documents("fragments.model-view")
def test_the_attention_view_runs_as_written(run_fragments, observe):
    error = run_fragments({"model-view": {}})["model-view"].error
    observe.claim("fragments.model-view", error or "runs", holds=error is None)
