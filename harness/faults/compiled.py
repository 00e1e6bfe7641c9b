"""Changes around tokenizers' compiled classes, which have no source to edit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.faults.patch import Patch


def constructed(
    patch: Patch, module: str, name: str, change: Callable[[dict[str, Any]], None]
) -> None:
    """Let a constructor's keyword arguments go through `change`: its class can't be subclassed."""
    home = patch.module(module)
    original = getattr(home, name)

    class Meta(type):
        def __call__(cls, *args: Any, **options: Any) -> Any:
            change(options)
            return original(*args, **options)

        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, original)

        def __getattr__(cls, attribute: str) -> Any:
            return getattr(original, attribute)

    patch.replace(home, name, Meta(name, (), {"__doc__": original.__doc__}))


def loaded(patch: Patch, change: Callable[[dict[str, Any]], None]) -> None:
    """Let the JSON of a tokenizer that is loaded go through `change`."""
    tokenizer = patch.module("tokenizers").Tokenizer
    from_text = tokenizer.from_str

    def changed(text: str) -> Any:
        content = json.loads(text)
        change(content)
        return from_text(json.dumps(content))

    def from_file(path: str) -> Any:
        return changed(Path(path).read_text(encoding="utf-8"))

    patch.replace(tokenizer, "from_file", staticmethod(from_file))
    patch.replace(tokenizer, "from_str", staticmethod(changed))
