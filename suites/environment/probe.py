"""What transformer-lens does with its environment variables, as JSON on standard output.

Runs in a process of its own, `python probe.py FOLDER VOCABULARY`, because the variables act
when the library is imported. `FOLDER` is empty; `VOCABULARY` has GPT-2's tokenizer files.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent))
from hub import GOOD, UNSIGNED, Hub

GATED = "meta-llama/Llama-2-7b-hf"
RETRY = "TRANSFORMERLENS_HF_RETRY"
MPS = "TRANSFORMERLENS_ALLOW_MPS"
MARK = "_tl_hf_retry_wrapped"


@contextmanager
def variable(name: str, value: str | None) -> Iterator[None]:
    with mock.patch.dict(os.environ):
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
        yield


def raised(action: Callable[[], Any]) -> str:
    try:
        action()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


class Answered(Exception):
    def __init__(self, status: int, headers: dict[str, str]) -> None:
        super().__init__(f"HTTP {status}")
        self.response = SimpleNamespace(status_code=status, headers=headers)


def waits(status: int, **headers: str) -> dict[str, Any]:
    """Calls made and seconds waited where each call is answered with `status`."""
    from transformer_lens.utilities import hf_utils

    calls: list[int] = []
    slept: list[float] = []

    def call() -> None:
        calls.append(1)
        raise Answered(status, {name.replace("_", "-"): text for name, text in headers.items()})

    with (
        mock.patch.object(hf_utils.time, "sleep", slept.append),
        mock.patch.object(hf_utils.random, "random", return_value=0.5),
    ):
        error = raised(lambda: hf_utils.call_hf_with_retry(call))
    return {"calls": len(calls), "waits": [round(s, 6) for s in slept], "error": error}


def wrapped() -> list[str]:
    import transformers

    found = []
    for name in dir(transformers):
        if name.startswith("Auto"):
            with suppress(ImportError):
                load = getattr(getattr(transformers, name), "from_pretrained", None)
                if getattr(load, MARK, False):
                    found.append(name)
    return found


def retry() -> dict[str, Any]:
    """Which classes are wrapped for each value, importing the package anew each time."""
    import transformer_lens
    import transformers
    from transformer_lens.utilities.hf_utils import enable_hf_retry

    five = ("AutoConfig", "AutoModel", "AutoTokenizer", "AutoProcessor", "AutoFeatureExtractor")
    originals = {name: vars(getattr(transformers, name))["from_pretrained"] for name in five}

    def restore() -> None:
        for name, original in originals.items():
            getattr(transformers, name).from_pretrained = original

    by_value = {}
    for value in (None, "1", "0", "true"):
        with variable(RETRY, value):
            importlib.reload(transformer_lens)
        by_value[str(value)] = wrapped()
        restore()
    enable_hf_retry()
    once = transformers.AutoConfig.from_pretrained.__func__
    enable_hf_retry()
    twice = transformers.AutoConfig.from_pretrained.__func__
    restore()
    return {
        "wrapped": by_value,
        "idempotent": once is twice,
        "429": waits(429),
        "429 with a number": waits(429, Retry_After="7"),
        "429 with a date": waits(429, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"),
        "500": waits(500),
    }


def devices() -> dict[str, str]:
    """The device chosen where MPS is there and CUDA is not."""
    import torch
    from transformer_lens.utilities.devices import get_device

    chosen = {}
    for value in (None, "1", "0", "true"):
        with (
            variable(MPS, value),
            mock.patch.object(torch.cuda, "is_available", return_value=False),
            mock.patch.object(torch.backends.mps, "is_available", return_value=True),
            mock.patch.object(torch.backends.mps, "is_built", return_value=True),
        ):
            chosen[str(value)] = str(get_device())
    return chosen


def save_tiny_llama(folder: Path, vocabulary: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=50257,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=32,
        bos_token_id=50256,
        eos_token_id=50256,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    for file in vocabulary.iterdir():
        shutil.copy(file, folder)


def local(folder: Path) -> dict[str, Any]:
    """The basic use: boot, run, look into the cache."""
    from transformer_lens.model_bridge import TransformerBridge

    bridge = TransformerBridge.boot_transformers(str(folder), device="cpu")
    logits, cache = bridge.run_with_cache("Hello world")
    ours = [name for name in os.environ if name.startswith("TRANSFORMERLENS") or "HF_TOKEN" in name]
    return {"logits": list(logits.shape[1:]), "cached": len(cache) > 0, "variables": ours}


def gated(hub: Hub) -> dict[str, Any]:
    """The gated repository through the bridge: no token, terms not accepted, accepted."""
    from transformer_lens.model_bridge import TransformerBridge

    found: dict[str, Any] = {}
    for name, token in {"none": None, "not accepted": UNSIGNED, "accepted": GOOD}.items():
        hub.tokens.clear()
        with variable("HF_TOKEN", token):
            said = raised(lambda: TransformerBridge.boot_transformers(GATED, device="cpu"))
        text = said.replace(hub.address, "HUB")
        found[name] = {
            "error": text.partition(":")[0],
            "links": f"https://huggingface.co/{GATED}" in text,
            "tokens": sorted(set(hub.tokens)),
            "requests": len(hub.tokens) > 0,
        }
    return found


def arguments() -> dict[str, Any]:
    """The `token` argument that transformers' classes get from the library itself."""
    import transformers
    from transformer_lens.model_bridge import TransformerBridge

    found: dict[str, Any] = {}
    for token in (None, "hf_mine"):
        seen: list[Any] = []

        def refuse(*_: Any, seen: list[Any] = seen, **options: Any) -> None:
            seen.append(options.get("token"))
            raise LookupError("enough")

        with (
            variable("HF_TOKEN", token),
            mock.patch.object(transformers.AutoConfig, "from_pretrained", refuse),
        ):
            raised(lambda: TransformerBridge.boot_transformers(GATED, device="cpu"))
        found[str(token)] = seen[:1]
    return found


def hooked(hub: Hub) -> dict[str, Any]:
    """The documented lines: the variable set after the import, then the model loaded.

    By `HookedTransformer.from_pretrained`, or by the bridge where it is all there is.
    """
    try:
        from transformer_lens import HookedTransformer
        from transformer_lens import loading_from_pretrained as loading
    except ImportError:
        return late_token(hub)
    load = loading.AutoModelForCausalLM.from_pretrained
    seen: dict[str, Any] = {"error": ""}

    def load_and_stop(name: str, *_: Any, **options: Any) -> None:
        options.pop("dtype", None)
        load(name, **options)
        seen.update(repository=name, served=True, token=options.get("token") == GOOD)
        raise LookupError("its configuration has seven billion parameters: go no further")

    hub.tokens.clear()
    with (
        variable("HF_TOKEN", None),
        mock.patch.object(loading.AutoModelForCausalLM, "from_pretrained", load_and_stop),
    ):
        os.environ["HF_TOKEN"] = GOOD
        seen["error"] = raised(lambda: HookedTransformer.from_pretrained(GATED)).partition(":")[0]
    return {**seen, "tokens": sorted(set(hub.tokens))}


def late_token(hub: Hub) -> dict[str, Any]:
    from transformer_lens.model_bridge import TransformerBridge

    hub.tokens.clear()
    with variable("HF_TOKEN", None):
        os.environ["HF_TOKEN"] = GOOD
        error = raised(lambda: TransformerBridge.boot_transformers(GATED, device="cpu"))
    tokens = sorted(set(hub.tokens))
    return {"error": error, "served": not error, "token": tokens == [GOOD], "tokens": tokens}


def reach_this_machine_directly() -> None:
    """A proxy of the user's would be asked for the hub of this machine, and does not know it."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"


def main(folder: Path, vocabulary: Path) -> None:
    settings = ("TRANSFORMERLENS_", "TRANSFORMERS_", "HF_", "HUGGING")
    for name in [name for name in os.environ if name.startswith(settings)]:
        del os.environ[name]
    reach_this_machine_directly()
    model = folder / "model"
    hub = Hub(GATED, model)
    os.environ["HF_ENDPOINT"] = hub.address
    os.environ["HF_HOME"] = str(folder / "home")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    warnings.simplefilter("ignore")
    save_tiny_llama(model, vocabulary)
    parts: dict[str, Callable[[], Any]] = {
        "local": lambda: local(model),
        "retry": retry,
        "devices": devices,
        "gated": lambda: gated(hub),
        "arguments": arguments,
        "hooked": lambda: hooked(hub),
    }
    found = {}
    for name, part in parts.items():
        try:
            found[name] = part()
        except Exception as error:
            found[name] = {"failed": f"{type(error).__name__}: {error}"}
    sys.stdout.write("\n" + json.dumps(found) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
