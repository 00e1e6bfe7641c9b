"""How fast sae-lens makes features of activations: the autoencoder that comes along, on SmolLM2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.speed.precisions import refuse_quantised
from harness.speed.subject import settle_for, torch_for
from harness.speed.task import Asked, Measure, Opened
from harness.speed.texts import rows, text_model
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
    found = text_model(asked)
    torch = torch_for(asked)
    autoencoder = _load(arm.precision, arm.device)
    model = load_model(found, "float32", arm.device)
    _check_fits(found, model.config, autoencoder.cfg.d_in)
    ids = rows(load_tokenizer(found).encode, ROWS, LENGTH).to(arm.device)
    x = _activations(model, ids).to(getattr(torch, arm.precision))

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


def _check_fits(found: Prepared, config: Any, width: int) -> None:
    blocks = getattr(config, "num_hidden_layers", 0)
    if blocks <= BLOCK or getattr(config, "hidden_size", 0) != width:
        raise UsageError(
            f"the autoencoder reads no activations of {found.entry.name}",
            where="--subject",
            allowed=f"a model {width} wide of more than {BLOCK} blocks, as SmolLM2-135M is",
        )


def _activations(model: Any, ids: Tensor) -> Tensor:
    """The residual stream behind the block that the autoencoder was trained on, [token, width]."""
    import torch

    with torch.no_grad():
        hidden: Tensor = model(ids, output_hidden_states=True).hidden_states[BLOCK + 1]
    return hidden.flatten(0, 1)
