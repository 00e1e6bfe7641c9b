"""How a process ends that has said all it had to say."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End this process with `code`: what is registered for its exit runs, and output is written.

    The interpreter is not taken apart: after torch and transformers were imported that takes
    most of a second, and what a library does wrong there can change no answer any more.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)
