"""How fast sae-lens makes features of activations: the autoencoder that comes along, on SmolLM2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.speed.precisions import refuse_quantised
from harness.speed.subject import model_subject, settle_for, torch_for
from harness.speed.task import Asked, Measure, Opened
from harness.speed.texts import rows
from harness.subjects import Prepared, load_model, load_tokenizer
from harness.vocabulary.costs import Quantity
from harness.vocabulary.errors import UsageError
from harness.vocabulary.places import home

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 10
ROWS, LENGTH = 8, 128


def open_task(asked: Asked) -> Opened:
    """`encode` of real activations [token, d_in], in the arm's precision, without gradients.

    Raises UsageError for a precision that autoencoders do not have, or a model of another width.
    """
    arm = asked.arm
    refuse_quantised(asked, "an autoencoder of sae-lens")
    torch = torch_for(asked)
    autoencoder = _load(arm.precision, arm.device)
    found = model_subject(asked)
    x = _activations(found, arm.device).to(getattr(torch, arm.precision))
    if x.shape[-1] != autoencoder.cfg.d_in:
        raise UsageError(
            f"the activations of {found.entry.name} are {x.shape[-1]} wide",
            where="--subject",
            allowed=f"a model {autoencoder.cfg.d_in} wide, as SmolLM2-135M is",
        )

    def encode() -> object:
        with torch.no_grad():
            return autoencoder.encode(x)

    quantity = Quantity(asked.quantity("encode"), "s", work="token", amount=float(ROWS * LENGTH))
    return Opened((Measure(quantity, encode, settle=settle_for(arm.device)),))


def _load(precision: str, device: str) -> Any:
    """The autoencoder; raises TypeError before sae-lens 6, whose form its configuration has."""
    from sae_lens import SAE

    folder = home() / "fixtures" / "autoencoders" / "smollm2-block-10"
    return SAE.load_from_disk(folder, device=device, dtype=precision).eval()


def _activations(found: Prepared, device: str) -> Tensor:
    """The residual stream behind the block that the autoencoder was trained on, [token, width]."""
    import torch

    model = load_model(found, "float32", device)
    ids = rows(load_tokenizer(found).encode, ROWS, LENGTH).to(device)
    with torch.no_grad():
        hidden: Tensor = model(ids, output_hidden_states=True).hidden_states[BLOCK + 1]
    return hidden.flatten(0, 1)
