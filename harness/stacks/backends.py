"""Which builds of torch the uv in use can choose."""

from __future__ import annotations

import difflib
import os
import re
from functools import cache

from harness.stacks import uv
from harness.vocabulary.errors import UsageError

_FORM = re.compile(r"auto|cpu|xpu|cu\d{2,3}|rocm\d+(\.\d+){1,2}")
_FORMS = "auto, cpu, xpu, cuNNN, rocmN.N"
_VALUES = re.compile(r"UV_TORCH_BACKEND=[^\]]*\]\s*\[possible values:([^\]]*)\]")


def check_backend(name: str | None) -> None:
    """Raise UsageError for a backend of torch that uv does not know.

    `name` None stands for `$UV_TORCH_BACKEND`, if that is set.
    """
    option = f"--torch-backend {name}"
    if name is None:
        name = os.environ.get("UV_TORCH_BACKEND") or None
        option = f"UV_TORCH_BACKEND={name}"
    if name is None:
        return
    known = backends()
    if name in known or (not known and _FORM.fullmatch(name)):
        return
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    raise UsageError(
        f"uv knows no build of torch called {name!r}",
        where=option,
        allowed=", ".join(known) or _FORMS,
        next=f"--torch-backend {close[0] if close else 'auto'}",
    )


@cache
def backends() -> tuple[str, ...]:
    """The backends that the uv in use names in its help; none where it does not."""
    text = uv.call(["pip", "install", "--help"]).output
    found = _VALUES.search(" ".join(text.split()))
    return tuple(word.strip() for word in found[1].split(",")) if found else ()
