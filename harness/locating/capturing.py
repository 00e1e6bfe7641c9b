"""Streaming what is seen to a file, a line at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, TextIO

from harness.locating.asked import Asked, prepared
from harness.locating.models import forward_of, open_model
from harness.measure.modules import capture_run, modules, paths_of
from harness.measure.prompts import CORPUS
from harness.measure.stages import stages
from harness.subjects import load_tokenizer
from harness.vocabulary.captures import END, Paths, Raised, Seen, seen_line
from harness.vocabulary.errors import ran_out

_TOLD = ("torch", "transformers", "tokenizers", "accelerate", "bitsandbytes", "tiktoken",
         "sentencepiece", "numpy")  # fmt: skip


def write_capture(out: Path, look: Callable[[Callable[[Seen], None]], None]) -> None:
    """Write what `look` tells to `out`, which is there only when it is whole."""
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            look(_telling(file))
            file.write(END)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _telling(file: TextIO) -> Callable[[Seen], None]:
    def tell(seen: Seen) -> None:
        file.write(seen_line(seen))

    return tell


def capture_model(asked: Asked, tell: Callable[[Seen], None]) -> None:
    """Every module's inputs and outputs, in a pass for each number of threads.

    A model that raises when nobody looks into it, too, is told as that.
    """
    import torch

    model, ids = open_model(asked)
    forward = forward_of(model, ids)
    torch.set_num_threads(asked.threads[0])
    tell(paths_of(model, asked.threads, versions(), ids))
    try:
        for run, threads in enumerate(asked.threads):
            torch.set_num_threads(threads)
            capture_run(model, forward, run, tell)
    except Exception as error:
        if ran_out(error) or not _raises(type(error), forward):
            raise
        tell(Raised(f"{type(error).__name__}: {' '.join(str(error).split())}"))
        return
    for module in modules(model, forward):
        tell(module)


def _raises(kind: type[Exception], forward: Callable[[], Any]) -> bool:
    """Whether a pass that nobody looks into raises that."""
    try:
        forward()
    except kind:
        return True
    return False


def capture_tokenizer(asked: Asked, tell: Callable[[Seen], None]) -> None:
    """Every stage of the subject's tokenizer on the text asked for, else on the corpus."""
    tokenizer = load_tokenizer(prepared(asked))
    texts = {"text": asked.text} if asked.text else CORPUS
    tell(Paths(type(tokenizer.native).__name__, "", {}, versions(), ()))
    for stage in stages(tokenizer.native, tokenizer.format, texts):
        tell(stage)


def versions() -> dict[str, str]:
    """Of the libraries that numbers and ids come from, those that are installed."""
    found = {}
    for name in _TOLD:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
