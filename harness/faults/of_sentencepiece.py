"""Faults of sentencepiece: its Python class, and what a model's file says to the compiled one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch

_fault = partial(fault, library="sentencepiece")
OPTIONS = "tokenizers/test_segmentation.py"
SENTENCEPIECE = "tokenizers/test_sentencepiece.py"


def _processor(patch: Patch) -> Any:
    return patch.module("sentencepiece").SentencePieceProcessor


def _model(patch: Patch, change: Callable[[Any], None]) -> None:
    """Let every model that is loaded go through `change`, which is given its ModelProto."""
    processor = _processor(patch)
    protos = patch.module("sentencepiece.sentencepiece_model_pb2")

    def changed(serialized: bytes) -> bytes:
        model = protos.ModelProto()
        try:
            model.ParseFromString(serialized)
        except Exception:
            return serialized
        change(model)
        return bytes(model.SerializeToString())

    def from_file(original: Any) -> Any:
        def load_from_file(self: Any, filename: Any) -> Any:
            return self.LoadFromSerializedProto(Path(filename).read_bytes())

        return load_from_file

    def from_bytes(original: Any) -> Any:
        def load(self: Any, serialized: Any) -> Any:
            if hasattr(serialized, "SerializeToString"):
                serialized = serialized.SerializeToString()
            return original(self, changed(serialized))

        return load

    patch.wrap(processor, "LoadFromFile", from_file)
    patch.wrap(processor, "LoadFromSerializedProto", from_bytes)


@_fault(
    "sentencepiece.bos-option-ignored",
    kind="tokens",
    sees=(OPTIONS,),
    why="a processor made with add_bos=True adds none: Llama sees every text without its start",
)
def bos_option_ignored(patch: Patch) -> None:
    patch.edit(_processor(patch), "Encode", "add_bos = self._add_bos", "add_bos = False")


@_fault(
    "sentencepiece.dummy-prefix-lost",
    kind="tokens",
    sees=(SENTENCEPIECE,),
    why="the first word of a text loses its ▁ and becomes another token than the same word "
    "further on",
)
def dummy_prefix_lost(patch: Patch) -> None:
    def change(model: Any) -> None:
        model.normalizer_spec.add_dummy_prefix = False

    _model(patch, change)


@_fault(
    "sentencepiece.normalisation-skipped",
    kind="normalisation",
    sees=(OPTIONS,),
    why="full-width letters and ligatures are no longer folded as in training: <unk> or bytes",
)
def normalisation_skipped(patch: Patch) -> None:
    def change(model: Any) -> None:
        model.normalizer_spec.precompiled_charsmap = b""

    _model(patch, change)


@_fault(
    "sentencepiece.byte-fallback-lost",
    kind="tokens",
    sees=(SENTENCEPIECE,),
    why="emoji and rare scripts become <unk> and decode to ⁇",
)
def byte_fallback_lost(patch: Patch) -> None:
    def change(model: Any) -> None:
        model.trainer_spec.byte_fallback = False
        for piece in model.pieces:
            if piece.type == piece.BYTE:
                piece.type = piece.UNUSED

    _model(patch, change)


@_fault(
    "sentencepiece.sampling-ignored",
    kind="sampling",
    sees=(OPTIONS,),
    why="subword regularisation is silently off: every epoch sees the same segmentation",
)
def sampling_ignored(patch: Patch) -> None:
    patch.edit(
        _processor(patch),
        "Encode",
        "args = [input, enable_sampling, nbest_size,",
        "args = [input, False, nbest_size,",
    )


@_fault(
    "sentencepiece.temperature-ignored",
    kind="sampling",
    sees=(OPTIONS,),
    why="alpha has no effect: sampled segmentations are as good as random at any setting",
)
def temperature_ignored(patch: Patch) -> None:
    patch.edit(
        _processor(patch),
        "Encode",
        "args = [input, enable_sampling, nbest_size, alpha,",
        "args = [input, enable_sampling, nbest_size, 0.0,",
    )


@_fault(
    "sentencepiece.seed-ignored",
    kind="sampling",
    sees=(OPTIONS,),
    why="sampled segmentations differ from run to run though a seed was set",
)
def seed_ignored(patch: Patch) -> None:
    library = patch.module("sentencepiece")
    names = ("SetRandomGeneratorSeed", "set_random_generator_seed")
    for name in names:
        if hasattr(library, name):
            patch.replace(library, name, lambda seed: None)


@_fault(
    "sentencepiece.n-best-ignored",
    kind="api",
    sees=(SENTENCEPIECE,),
    why="nbest_encode gives the best segmentation alone, whatever is asked for",
)
def n_best_ignored(patch: Patch) -> None:
    def make(original: Any) -> Any:
        def nbest_encode(self: Any, *args: Any, **options: Any) -> Any:
            return original(self, *args, **options)[:1]

        return nbest_encode

    for name in ("NBestEncode", "nbest_encode"):
        patch.wrap(_processor(patch), name, make)


@_fault(
    "sentencepiece.unknown-is-minus-one",
    kind="errors",
    sees=(OPTIONS,),
    why="a piece that is not in the vocabulary has the id -1: an embedding takes its last row",
)
def unknown_is_minus_one(patch: Patch) -> None:
    patch.edit(
        _processor(patch),
        "PieceToId",
        "return self._processor.PieceToId(piece)",
        "found = self._processor.PieceToId(piece)\n"
        "    return -1 if self._processor.IsUnknown(found) else found",
    )


@_fault(
    "sentencepiece.outer-spaces-stripped",
    kind="tokens",
    sees=(SENTENCEPIECE,),
    why="decoding strips the text: the first line of a piece of code loses its indentation",
)
def outer_spaces_stripped(patch: Patch) -> None:
    patch.edit(
        _processor(patch),
        "Decode",
        "return raw_val",
        "return raw_val.strip() if isinstance(raw_val, str) else raw_val",
    )


@_fault(
    "sentencepiece.symbols-cut-at-commas",
    kind="training",
    sees=(OPTIONS,),
    why="user_defined_symbols with a comma are cut in two: the trained vocabulary has other "
    "symbols than were asked for",
)
def symbols_cut_at_commas(patch: Patch) -> None:
    patch.edit(
        patch.module("sentencepiece").SentencePieceTrainer,
        "_Train",
        "return f.getvalue()",
        'return ",".join(str(v) for v in value)',
    )


@_fault(
    "sentencepiece.pickle-forgets-options",
    kind="files",
    sees=(OPTIONS,),
    why="a processor with add_bos=True that is sent to a worker adds none there",
)
def pickle_forgets_options(patch: Patch) -> None:
    patch.edit(_processor(patch), "__setstate__", "self.__dict__.update(state)", "pass")


@_fault(
    "sentencepiece.batch-without-bos",
    kind="tokens",
    sees=(OPTIONS,),
    why="a list of texts gets no BOS, a single text does: training and use see different inputs",
)
def batch_without_bos(patch: Patch) -> None:
    patch.edit(
        _processor(patch),
        "Encode",
        "args = [input, num_threads, thread_pool, enable_sampling, nbest_size, alpha, add_bos,",
        "args = [input, num_threads, thread_pool, enable_sampling, nbest_size, alpha, False,",
    )
