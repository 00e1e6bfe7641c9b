"""The documents' attention view, as written."""

from __future__ import annotations

from harness.plugin import documents, requires

ASKED = {"model-view": {}, "instead/model-view": {}}


@requires("bertviz", "transformers", "torch")
@documents("fragments.model-view")
def test_the_attention_view_runs_as_written(run_fragments, observe):
    error = run_fragments(ASKED)["model-view"].error
    observe.claim("fragments.model-view", error or "runs", holds=error is None)


@requires("bertviz", "transformers", "torch")
def test_what_to_write_instead_of_the_last_output_runs(run_fragments):
    assert run_fragments(ASKED)["instead/model-view"].error is None
