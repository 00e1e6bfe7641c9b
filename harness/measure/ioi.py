"""Indirect object identification: prompts, and the logit difference that measures the task.

Definitions follow Wang et al. 2022, "Interpretability in the Wild", section 2: of two names the
one that is mentioned once, the indirect object, should be predicted rather than the one
mentioned twice, the subject.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.vocabulary.errors import SubjectError

if TYPE_CHECKING:
    from torch import Tensor

ORDERS = ("ABBA", "BABA")


@dataclass(frozen=True)
class Prompt:
    """One sentence. `template` counts from 0; names come with their leading space."""

    text: str
    indirect_object: str
    subject: str
    template: int
    order: str


@dataclass(frozen=True)
class Batch:
    """Prompts of equal length: `ids` [prompt, position], the two answers [prompt]."""

    prompts: tuple[Prompt, ...]
    ids: Tensor
    indirect_objects: Tensor
    subjects: Tensor


@dataclass(frozen=True)
class Outcome:
    """Logit differences of a run, in logits: one a prompt, in the order of the prompts."""

    prompts: tuple[Prompt, ...]
    differences: tuple[float, ...]

    @property
    def mean(self) -> float:
        return sum(self.differences) / len(self.differences)

    @property
    def share_positive(self) -> float:
        """The share of prompts that prefer the indirect object."""
        return sum(difference > 0 for difference in self.differences) / len(self.differences)

    def by_template(self) -> list[list[float]]:
        """Mean logit difference as a table [template, order], orders as in ORDERS."""
        count = 1 + max(prompt.template for prompt in self.prompts)
        return [[self._mean_of(index, order) for order in ORDERS] for index in range(count)]

    def _mean_of(self, template: int, order: str) -> float:
        picked = [
            difference
            for prompt, difference in zip(self.prompts, self.differences, strict=True)
            if (prompt.template, prompt.order) == (template, order)
        ]
        return sum(picked) / len(picked)


class NotOneToken(SubjectError):
    """A name is several tokens in this vocabulary, so that no single logit stands for it."""

    def __init__(self, name: str, ids: Sequence[int]) -> None:
        super().__init__(
            f"{name!r} is {len(ids)} tokens",
            where=f"ids {list(ids)}",
            allowed="names of one token, with the leading space",
            next="choose other names in fixtures/prompts/ioi.toml",
        )
        self.name = name
        self.ids = tuple(ids)


def read_prompts(path: Path) -> tuple[Prompt, ...]:
    """Every template in both orders with every pair in both roles, template by template."""
    task = tomllib.loads(path.read_text(encoding="utf-8"))
    return build_prompts(task["templates"], [tuple(pair) for pair in task["pairs"]])


def build_prompts(templates: Sequence[str], pairs: Sequence[tuple[str, str]]) -> tuple[Prompt, ...]:
    """Fill each template in both orders with each pair in both roles."""
    roles = [*pairs, *((second, first) for first, second in pairs)]
    return tuple(
        _fill(template, index, order, f" {indirect_object}", f" {subject}")
        for index, template in enumerate(templates)
        for order in ORDERS
        for indirect_object, subject in roles
    )


def _fill(template: str, index: int, order: str, indirect_object: str, subject: str) -> Prompt:
    first, second = (indirect_object, subject) if order == "ABBA" else (subject, indirect_object)
    text = template.replace("{A}", first).replace("{B}", second).replace("{S}", subject)
    return Prompt(text, indirect_object, subject, index, order)


def batches(prompts: Sequence[Prompt], encode: Callable[[str], Sequence[int]]) -> tuple[Batch, ...]:
    """The prompts as ids, grouped by length so that none is padded.

    `encode` adds no special tokens. Raises NotOneToken for a name that is not one token.
    """
    import torch

    groups: dict[int, list[tuple[Prompt, Sequence[int]]]] = {}
    for prompt in prompts:
        ids = encode(prompt.text)
        groups.setdefault(len(ids), []).append((prompt, ids))
    return tuple(
        Batch(
            tuple(prompt for prompt, _ in group),
            torch.tensor([list(ids) for _, ids in group]),
            torch.tensor([single_token(p.indirect_object, encode) for p, _ in group]),
            torch.tensor([single_token(p.subject, encode) for p, _ in group]),
        )
        for group in groups.values()
    )


def single_token(name: str, encode: Callable[[str], Sequence[int]]) -> int:
    """The id of `name`. Raises NotOneToken if it has several."""
    ids = encode(name)
    if len(ids) != 1:
        raise NotOneToken(name, ids)
    return ids[0]


def logit_differences(logits: Tensor, indirect_objects: Tensor, subjects: Tensor) -> Tensor:
    """Logit of the indirect object minus that of the subject at the last position.

    `logits` [prompt, position, vocabulary], the answers' ids [prompt]; returns float32 [prompt].
    """
    import torch

    last = logits[:, -1].float()
    rows = torch.arange(len(last), device=last.device)
    answers, others = indirect_objects.to(last.device), subjects.to(last.device)
    return last[rows, answers] - last[rows, others]


def run(forward: Callable[[Tensor], Tensor], batches: Sequence[Batch]) -> Outcome:
    """Measure every batch. `forward` maps ids [prompt, position] to logits."""
    import torch

    prompts: list[Prompt] = []
    differences: list[float] = []
    with torch.no_grad():
        for batch in batches:
            found = logit_differences(forward(batch.ids), batch.indirect_objects, batch.subjects)
            prompts += batch.prompts
            differences += found.tolist()
    return Outcome(tuple(prompts), tuple(differences))
