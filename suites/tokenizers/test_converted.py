"""A Llama's tokenizer with byte-level pieces, as transformers 4.51.3 converted it from a GGUF.

Its files say LlamaTokenizer, its pieces are GPT-2's: SmolLM2 and many others lie on disks so. A
release that builds the tokenizer from its class alone, and not from what its file says, joins all
words into one.
"""

from __future__ import annotations

import shutil

import pytest

from harness.plugin import requires, tier
from harness.vocabulary.places import home

TEXT = "the man in the house and the other one"
PLACES = ("beside a model", "alone")
pytestmark = [tier("quick"), requires("transformers")]


@pytest.fixture(params=PLACES)
def converted(request, work_dir):
    """The tokenizer from a folder with the model's config in it, and from one without."""
    import transformers

    folder = work_dir / "converted"
    shutil.copytree(home() / "fixtures" / "tokenizers" / "converted", folder)
    if request.param == "alone":
        (folder / "config.json").unlink()
    return transformers.AutoTokenizer.from_pretrained(folder)


def test_a_converted_tokenizer_keeps_the_spaces(converted, observe):
    ids = observe.exact("ids", converted.encode(TEXT, add_special_tokens=False))
    assert observe.exact("text", converted.decode(ids)) == TEXT


def test_a_converted_tokenizer_encodes_as_its_file_says(converted, observe):
    """The file's own pipeline, read by the library tokenizers itself."""
    from tokenizers import Tokenizer

    file = home() / "fixtures" / "tokenizers" / "converted" / "tokenizer.json"
    expected = Tokenizer.from_file(str(file)).encode(TEXT, add_special_tokens=False).ids
    assert converted.encode(TEXT, add_special_tokens=False) == expected
    observe.exact("ids with special tokens", converted.encode(TEXT))
