"""Faults of transformers: tokenizers, chat templates, pipelines."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch

_fault = partial(fault, library="transformers")
TOKENIZERS = "tokenizers/test_transformers.py"
CHAT = "tokenizers/test_chat.py"


def _fast(patch: Patch) -> Any:
    return patch.module("transformers.tokenization_utils_tokenizers").TokenizersBackend


@_fault(
    "transformers.no-generation-prompt",
    kind="tokens",
    why="a chat ends without the opening of the answer: the model writes the user's next message",
    sees=(CHAT, "pipelines/test_continuations.py::test_a_chat_gets_one_more_message"),
)
def no_generation_prompt(patch: Patch) -> None:
    base = patch.module("transformers.tokenization_utils_base")
    patch.edit(
        base.PreTrainedTokenizerBase,
        "apply_chat_template",
        "continue_final_message=continue_final_message,\n"
        "        add_generation_prompt=add_generation_prompt,",
        "continue_final_message=continue_final_message,\n        add_generation_prompt=False,",
    )


@_fault(
    "transformers.decode-cleans-spaces",
    kind="tokens",
    why="decoding takes the spaces before punctuation away: code and tables come back changed",
    sees=("tokenizers/test_spaces.py", TOKENIZERS),
)
def decode_cleans_spaces(patch: Patch) -> None:
    patch.edit(
        _fast(patch),
        "_decode",
        "\n    return text",
        "\n    text = self.clean_up_tokenization(text)\n    return text",
    )


@_fault(
    "transformers.special-tokens-kept",
    kind="tokens",
    why="skip_special_tokens is passed over: markers of the template show up in answers",
    sees=("tokenizers/test_spaces.py", "tokenizers/test_bert.py"),
)
def special_tokens_kept(patch: Patch) -> None:
    patch.edit(_fast(patch), "_decode", "skip_special_tokens=skip_special_tokens)",
               "skip_special_tokens=False)")  # fmt: skip


@_fault(
    "transformers.special-tokens-lost",
    kind="tokens",
    why="[CLS] and [SEP] are not added: an encoder embeds the first word instead of the sentence",
    sees=("tokenizers/test_bert.py", TOKENIZERS),
)
def special_tokens_lost(patch: Patch) -> None:
    patch.edit(
        _fast(patch),
        "_encode_plus",
        "batch_text_or_text_pairs,\n        add_special_tokens=add_special_tokens,",
        "batch_text_or_text_pairs,\n        add_special_tokens=False,",
    )


@_fault(
    "transformers.padding-side-flipped",
    kind="tokens",
    why="padding lands on the other side: generation goes on from padding",
    sees=(TOKENIZERS, "tokenizers/test_bert.py", "defaults/test_transformers_text.py"),
)
def padding_side_flipped(patch: Patch) -> None:
    patch.edit(
        _fast(patch),
        "set_truncation_and_padding",
        "padding_side if padding_side is not None else self.padding_side",
        '"left" if self.padding_side == "right" else "right"',
    )


@_fault(
    "transformers.truncation-side-flipped",
    kind="tokens",
    why="long texts lose their beginning instead of their end",
    sees=(
        TOKENIZERS,
        "tokenizers/test_bert.py",
        "defaults/test_transformers_text.py",
        "pipelines/test_classification.py::test_a_text_longer_than_the_model_is_cut_only_when_asked",
    ),
)
def truncation_side_flipped(patch: Patch) -> None:
    patch.edit(
        _fast(patch),
        "set_truncation_and_padding",
        '"direction": self.truncation_side,',
        '"direction": "left" if self.truncation_side == "right" else "right",',
    )


@_fault(
    "transformers.token-types-zero",
    kind="tokens",
    why="both sentences of a pair are marked as the first: an encoder can't tell them apart",
    sees=("tokenizers/test_bert.py", TOKENIZERS),
)
def token_types_zero(patch: Patch) -> None:
    def zero(original: Any) -> Any:
        def convert(self: Any, encoding: Any, *args: Any, **kwargs: Any) -> Any:
            found, encodings = original(self, encoding, *args, **kwargs)
            if "token_type_ids" in found:
                found["token_type_ids"] = [[0] * len(row) for row in found["token_type_ids"]]
            return found, encodings

        return convert

    patch.wrap(_fast(patch), "_convert_encoding", zero)


@_fault(
    "transformers.entity-aggregation",
    kind="api",
    why="joining averages where the first piece was asked for: entities get other labels",
    sees=("pipelines/test_entities.py",),
)
def entity_aggregation(patch: Patch) -> None:
    pipelines = patch.module("transformers.pipelines.token_classification")
    patch.edit(
        pipelines.TokenClassificationPipeline,
        "aggregate_word",
        'max(entities, key=lambda entity: entity["scores"].max())',
        'min(entities, key=lambda entity: entity["scores"].max())',
    )


@_fault(
    "transformers.scores-by-sigmoid",
    kind="api",
    why="classes that exclude each other are scored one by one: scores no longer sum to one",
    sees=("pipelines/test_classification.py",),
)
def scores_by_sigmoid(patch: Patch) -> None:
    pipelines = patch.module("transformers.pipelines.text_classification")
    patch.replace(pipelines, "softmax", pipelines.sigmoid)


@_fault(
    "transformers.prompt-left-out",
    kind="defaults",
    why="a text-generation pipeline returns the continuation alone: texts lose their beginning",
    sees=("pipelines/test_text_generation.py",),
)
def prompt_left_out(patch: Patch) -> None:
    pipelines = patch.module("transformers.pipelines.text_generation")
    patch.edit(
        pipelines.TextGenerationPipeline,
        "postprocess",
        "if return_type == ReturnType.FULL_TEXT:",
        "if False:",
    )
