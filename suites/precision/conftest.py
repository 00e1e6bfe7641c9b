"""The ids that every behaviour here starts from."""

from __future__ import annotations

from typing import Any

import pytest

from harness.measure.logits import prompt_ids


@pytest.fixture
def sequences(request: pytest.FixtureRequest, model: Any, subject: Any) -> list[list[int]]:
    """The ids of each prompt; from a formula for a model that came without a tokenizer."""
    has_tokenizer = "tokenizer" in subject.entry.abilities
    return prompt_ids(model, request.getfixturevalue("tokenizer") if has_tokenizer else None)
