"""From a name to loaded objects: registry, sources, loading, and the pool that keeps them.

Imports no library under test: those come with the first object that is loaded.
"""

from harness.subjects.loading import load_default, load_model
from harness.subjects.pool import Pool
from harness.subjects.registry import read_registry, select
from harness.subjects.sources import Prepared, prepare, prepared, verify
from harness.subjects.text import TextTokenizer, load_tokenizer

__all__ = [
    "Pool",
    "Prepared",
    "TextTokenizer",
    "load_default",
    "load_model",
    "load_tokenizer",
    "prepare",
    "prepared",
    "read_registry",
    "select",
    "verify",
]
