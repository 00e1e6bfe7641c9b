"""The subject of a worker's arm, from the cache, and torch as the arm wants it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import subjects
from harness.speed.task import Asked
from harness.subjects import Prepared
from harness.vocabulary.errors import NoEvidence, UsageError
from harness.vocabulary.places import home


def subject(asked: Asked) -> Prepared:
    """The arm's subject; raises NoEvidence where its files are not in the cache."""
    name = asked.arm.subject
    if not name:
        raise UsageError(f"{asked.task} needs a subject", where="--subject", next="--subject NAME")
    extra = Path(asked.subjects_file) if asked.subjects_file else None
    (entry,) = subjects.select(subjects.read_registry(home(), extra), [name])
    found = subjects.prepared(entry)
    if found is None:
        raise NoEvidence(
            f"{entry.name}: its files are not in the cache",
            next=f"harness subjects prepare {entry.name}",
        )
    return found


def model_subject(asked: Asked) -> Prepared:
    """The arm's subject; raises UsageError where it is no model."""
    found = subject(asked)
    if not found.entry.is_model:
        raise UsageError(
            f"{found.entry.name} is no model",
            where="--subject",
            allowed="a subject that can causal-lm or encoder",
        )
    return found


def torch_for(asked: Asked) -> Any:
    """torch with the worker's number of threads."""
    import torch

    torch.set_num_threads(asked.threads)
    return torch


def settle_for(device: str) -> Any:
    """What waits until a device has done all that was called; None where calls wait themselves."""
    import torch

    if device.startswith("cuda"):
        return torch.cuda.synchronize
    if device == "mps":
        return torch.mps.synchronize
    return None
