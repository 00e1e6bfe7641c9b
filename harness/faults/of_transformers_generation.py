"""Faults of transformers: what generate takes, keeps and stops at."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch
from harness.faults.shown import tiny

_fault = partial(fault, library="transformers")
GREEDY = "generation/test_greedy.py"
PROCESSORS = "generation/test_processors.py"
TINY = "generation/test_tiny_generate.py"
SAMPLING = "generation/test_sampling.py"


def _processors(patch: Patch) -> Any:
    return patch.module("transformers.generation.logits_process")


@_fault(
    "transformers.end-ignored",
    kind="sampling",
    why="generation runs past the end of the answer to its last allowed token",
    sees=(TINY, "pipelines/test_numbers.py"),
)
def end_ignored(patch: Patch) -> None:
    criteria = patch.module("transformers.generation.stopping_criteria")
    patch.wrap(
        criteria.EosTokenCriteria,
        "__call__",
        lambda original: lambda self, *args, **kwargs: original(self, *args, **kwargs) & False,
    )


@_fault(
    "transformers.top-k-ignored",
    kind="sampling",
    why="samples come from the whole vocabulary: now and then a word out of nowhere",
    sees=(PROCESSORS,),
)
def top_k_ignored(patch: Patch) -> None:
    cls = _processors(patch).TopKLogitsWarper
    patch.wrap(cls, "__call__", lambda original: lambda self, input_ids, scores: scores)


@_fault(
    "transformers.top-p-boundary",
    kind="sampling",
    why="the token that passes the nucleus's share is dropped: samples are tamer than asked for",
    sees=(PROCESSORS,),
)
def top_p_boundary(patch: Patch) -> None:
    patch.edit(
        _processors(patch).TopPLogitsWarper,
        "__call__",
        "cumulative_probs <= (1 - self.top_p)",
        "(cumulative_probs - sorted_logits.softmax(dim=-1)) < (1 - self.top_p)",
    )


@_fault(
    "transformers.min-p-absolute",
    kind="sampling",
    why="min-p is taken of one instead of the likeliest token: flat distributions lose all choice",
    sees=(PROCESSORS,),
)
def min_p_absolute(patch: Patch) -> None:
    patch.edit(_processors(patch).MinPLogitsWarper, "__call__", "self.min_p * top_probs",
               "self.min_p")  # fmt: skip


@_fault(
    "transformers.temperature-inverted",
    kind="sampling",
    why="a low temperature makes samples wilder and a high one tamer",
    sees=(PROCESSORS,),
)
def temperature_inverted(patch: Patch) -> None:
    patch.edit(_processors(patch).TemperatureLogitsWarper, "__call__",
               "scores / self.temperature", "scores * self.temperature")  # fmt: skip


@_fault(
    "transformers.temperature-last",
    kind="sampling",
    why="the temperature is applied after the nucleus was cut: another set of tokens is drawn from",
    sees=(TINY,),
)
def temperature_last(patch: Patch) -> None:
    utils = patch.module("transformers.generation.utils")

    def put_last(original: Any) -> Any:
        def get(self: Any, *args: Any, **kwargs: Any) -> Any:
            found = original(self, *args, **kwargs)
            found.sort(key=lambda each: type(each).__name__ == "TemperatureLogitsWarper")
            return found

        return get

    patch.wrap(utils.GenerationMixin, "_get_logits_processor", put_last)


@_fault(
    "transformers.repetition-penalty-sign",
    kind="sampling",
    why="the penalty divides negative logits as well: repeated unlikely words become likelier",
    sees=(PROCESSORS,),
)
def repetition_penalty_sign(patch: Patch) -> None:
    patch.edit(
        _processors(patch).RepetitionPenaltyLogitsProcessor,
        "__call__",
        "score = torch.where(score < 0, score * self.penalty, score / self.penalty)",
        "score = score / self.penalty",
    )


@_fault(
    "transformers.ngram-too-long",
    kind="sampling",
    why="no_repeat_ngram_size bans one word later than asked: texts repeat themselves",
    sees=(PROCESSORS,),
)
def ngram_too_long(patch: Patch) -> None:
    def longer(original: Any) -> Any:
        def init(self: Any, ngram_size: int) -> None:
            original(self, ngram_size + 1)

        return init

    patch.wrap(_processors(patch).NoRepeatNGramLogitsProcessor, "__init__", longer)


@_fault(
    "transformers.minimum-length-ignored",
    kind="sampling",
    why="answers end before the least number of tokens that was asked for",
    sees=(TINY, PROCESSORS),
)
def minimum_length_ignored(patch: Patch) -> None:
    for name in ("MinLengthLogitsProcessor", "MinNewTokensLengthLogitsProcessor"):
        cls = getattr(_processors(patch), name)
        patch.wrap(cls, "__call__", lambda original: lambda self, input_ids, scores: scores)


@_fault(
    "transformers.one-new-token-more",
    kind="sampling",
    why="max_new_tokens makes one token more: costs, and every length that was counted on",
    sees=(*tiny("llama", only="greedy"), "defaults/test_transformers_models.py::test_generate*"),
)
def one_new_token_more(patch: Patch) -> None:
    utils = patch.module("transformers.generation.utils")
    patch.edit(
        utils.GenerationMixin,
        "_prepare_generated_length",
        "generation_config.max_new_tokens + input_ids_length",
        "generation_config.max_new_tokens + input_ids_length + 1",
    )


@_fault(
    "transformers.beam-length-penalty",
    kind="sampling",
    why="finished beams are not weighed by their length: beam search returns the shortest",
    sees=("pipelines/test_numbers.py", "generation/test_greedy.py::test_beam_search_finds_this"),
)
def beam_length_penalty(patch: Patch) -> None:
    utils = patch.module("transformers.generation.utils")
    patch.edit(
        utils.GenerationMixin,
        "_update_finished_beams",
        "topk_log_probs / ((cur_len + 1 - decoder_prompt_len) ** length_penalty)",
        "topk_log_probs * 1.0",
    )


@_fault(
    "transformers.greedy-samples",
    kind="defaults",
    why="generate samples where nobody asked for it: answers change from call to call",
    sees=tiny("llama", "gpt2", only="greedy"),
)
def greedy_samples(patch: Patch) -> None:
    utils = patch.module("transformers.generation.utils")
    patch.edit(
        utils.GenerationMixin,
        "_sample",
        "do_sample = generation_config.do_sample",
        "do_sample = True",
    )


@_fault(
    "transformers.sequences-all-alike",
    kind="sampling",
    why="all returned sequences are the first: five drafts are one",
    sees=("pipelines/test_text_generation.py::test_the_five_texts_differ",),
)
def sequences_all_alike(patch: Patch) -> None:
    torch = patch.module("torch")

    def first_only(original: Any) -> Any:
        def draw(input: Any, *args: Any, **kwargs: Any) -> Any:
            found = original(input, *args, **kwargs)
            return found[:1].expand_as(found).contiguous()

        return draw

    patch.wrap(torch, "multinomial", first_only)
