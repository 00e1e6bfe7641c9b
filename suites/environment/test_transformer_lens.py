"""transformer-lens's environment variables: what each turns on, and for which values.

All of it is seen by one process of its own (`probe.py`), with a hub of this machine for the
gated model; nothing leaves the machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.plugin import documents, requires, tier
from harness.vocabulary.errors import NoEvidence

HERE = Path(__file__).parent
VOCABULARY = HERE.parents[1] / "fixtures" / "tokenizers" / "gpt2"
SECONDS = 300
FIVE = ["AutoConfig", "AutoFeatureExtractor", "AutoModel", "AutoProcessor", "AutoTokenizer"]


@pytest.fixture
def probe(keep, tmp_path_factory) -> Any:
    """`probe(part)`: what the process saw of that part.

    Raises RuntimeError with what the library raised there, and NoEvidence where the process
    did not get so far as to say anything.
    """

    def run() -> Any:
        folder = tmp_path_factory.mktemp("probe")
        command = [sys.executable, str(HERE / "probe.py"), str(folder), str(VOCABULARY)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise NoEvidence(f"the probe had not ended after {SECONDS} s") from None
        if done.returncode != 0:
            *_, last = done.stderr.strip().splitlines() or ["nothing on standard error"]
            raise NoEvidence(f"the probe ended with {done.returncode}: {last}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def part(name: str) -> Any:
        found = keep("environment probe", run)[name]
        if "failed" in found:
            raise RuntimeError(found["failed"])
        return found

    return part


@documents("env.none-required")
@requires("transformer-lens", "transformers")
def test_a_model_boots_and_runs_with_no_variable_set(probe, observe):
    seen = probe("local")
    observe.claim("env.none-required", seen, holds=seen["cached"] and not seen["variables"])


@documents("env.hf-token-read")
@requires("transformer-lens", "transformers")
def test_the_token_is_passed_on_as_an_argument(probe, observe):
    seen = probe("arguments")
    observe.claim(
        "env.hf-token-read",
        {"HF_TOKEN unset": seen["None"], "HF_TOKEN=hf_mine": seen["hf_mine"]},
        holds=seen == {"None": [None], "hf_mine": ["hf_mine"]},
    )


@tier("broad")
@documents("env.hf-token-gated")
@requires("transformer-lens", "transformers")
def test_a_gated_model_loads_with_the_token_and_nothing_else(probe, observe):
    """Against a hub of this machine that guards a tiny Llama under the gated name."""
    seen = probe("gated")
    errors = {state: found["error"] or "loads" for state, found in seen.items()}
    tokens = seen["accepted"]["tokens"]
    observe.claim(
        "env.hf-token-gated",
        {"errors by token": errors, "every request carried the token": len(tokens) == 1},
        holds=errors["accepted"] == "loads" and errors["none"] != "loads",
    )
    assert seen["accepted"]["requests"]


@documents("env.hf-token-error-link")
@requires("transformer-lens", "transformers")
def test_the_error_for_terms_not_accepted_links_to_the_page(probe, observe):
    seen = probe("gated")
    links = {state: seen[state]["links"] for state in ("none", "not accepted")}
    observe.claim("env.hf-token-error-link", links, holds=all(links.values()))


@documents("tl.hooked.gated-token-line")
@requires("transformer-lens", "transformers")
def test_a_token_set_after_the_import_opens_the_gated_repository(probe, observe):
    seen = probe("hooked")
    if "served" not in seen:
        observe.claim("tl.hooked.gated-token-line", seen["error"], holds=False)
        return
    observe.claim(
        "tl.hooked.gated-token-line",
        {"weights served": seen["served"], "token passed on": seen["token"]},
        holds=seen["served"] and seen["token"],
    )


@documents("env.retry.off-by-default")
@requires("transformer-lens", "transformers")
def test_nothing_is_wrapped_by_default(probe, observe):
    found = probe("retry")["wrapped"]["None"]
    observe.claim("env.retry.off-by-default", found, holds=found == [])


@documents("env.retry.value-one")
@requires("transformer-lens", "transformers")
def test_only_the_value_1_wraps(probe, observe):
    by_value = {value: bool(names) for value, names in probe("retry")["wrapped"].items()}
    wraps = [value for value, does in by_value.items() if does]
    observe.claim("env.retry.value-one", by_value, holds=wraps == ["1"])


@documents("env.retry.wrapped-classes")
@requires("transformer-lens", "transformers")
def test_five_classes_are_wrapped(probe, observe):
    found = probe("retry")["wrapped"]["1"]
    observe.claim("env.retry.wrapped-classes", found, holds=found == FIVE)


@documents("env.retry.three-times")
@requires("transformer-lens", "transformers")
def test_a_429_is_tried_three_times_which_is_two_retries(probe, observe):
    seen = probe("retry")["429"]
    retries = seen["calls"] - 1
    observe.claim(
        "env.retry.three-times", {"calls": seen["calls"], "retries": retries}, holds=retries == 3
    )
    assert len(seen["waits"]) == retries


@documents("env.retry.exponential")
@requires("transformer-lens", "transformers")
def test_the_second_wait_is_twice_the_first(probe, observe):
    """With the jitter at its middle."""
    first, second = observe.exact("waits", probe("retry")["429"]["waits"])
    observe.claim("env.retry.exponential", second / first, holds=second == 2 * first)


@documents("env.retry.numeric-retry-after")
@requires("transformer-lens", "transformers")
def test_a_number_of_seconds_is_waited(probe, observe):
    waits = probe("retry")["429 with a number"]["waits"]
    observe.claim("env.retry.numeric-retry-after", waits, holds=set(waits) == {7.0})


@documents("env.retry.http-date-fallback")
@requires("transformer-lens", "transformers")
def test_a_date_is_passed_over(probe, observe):
    seen = probe("retry")
    waits = seen["429 with a date"]["waits"]
    observe.claim("env.retry.http-date-fallback", waits, holds=waits == seen["429"]["waits"])


@documents("env.retry.only-429")
@requires("transformer-lens", "transformers")
def test_another_error_is_not_tried_again(probe, observe):
    seen = probe("retry")["500"]
    observe.claim("env.retry.only-429", seen, holds=(seen["calls"], seen["waits"]) == (1, []))


@documents("env.retry.idempotent")
@requires("transformer-lens", "transformers")
def test_wrapping_twice_wraps_once(probe):
    assert probe("retry")["idempotent"]


@documents("env.mps.off-by-default", "env.mps.fallback-cpu")
@requires("transformer-lens")
def test_mps_is_passed_over_for_the_cpu_by_default(probe, observe):
    chosen = probe("devices")["None"]
    for claim in ("env.mps.off-by-default", "env.mps.fallback-cpu"):
        observe.claim(claim, chosen, holds=chosen == "cpu")


@documents("env.mps.opt-in")
@requires("transformer-lens")
def test_only_the_value_1_lets_mps_be_chosen(probe, observe):
    chosen = probe("devices")
    others = {device for value, device in chosen.items() if value != "1"}
    observe.claim("env.mps.opt-in", chosen, holds=chosen["1"] == "mps" and others == {"cpu"})
