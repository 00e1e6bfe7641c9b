"""Text to ids and back, a call's work in bytes: libraries side by side."""

from __future__ import annotations

import pytest

from harness.plugin import needs, requires
from harness.vocabulary.tasks import TOKENIZER_LIBRARIES

QUANTITIES = ("encode.short", "encode.long", "encode.repeated", "encode.batch", "decode.long")


@needs("tokenizer")
@pytest.mark.parametrize("name", QUANTITIES)
@pytest.mark.parametrize(
    "library", [pytest.param(each, marks=requires(each)) for each in TOKENIZER_LIBRARIES]
)
def test_text(library, name, subject, take):
    take(f"tokenizers.{library}", name, name)
