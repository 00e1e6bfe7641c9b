"""Converting a GGUF file once, by a fixed stack, in a process of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from harness.vocabulary.errors import NoEvidence, SubjectError

SCRIPT = Path(__file__).with_name("convert_gguf.py")


def convert(python: Path, gguf: Path, folder: Path, subject: str) -> None:
    """Run the conversion with `python`, offline; raises SubjectError with its last words."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [str(python), "-I", str(SCRIPT), str(gguf), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        check=False,
    )
    if done.returncode == 0:
        return
    last = done.stdout.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
    if "No space left on device" in done.stdout:
        raise NoEvidence(
            f"no space left to convert subject {subject!r}; nothing was kept",
            where=str(folder.parent),
            next="make room, or set HARNESS_CACHE to a folder on a larger disk",
        )
    if done.returncode < 0:
        raise NoEvidence(
            f"the conversion of subject {subject!r} was killed by signal {-done.returncode}",
            where=str(gguf),
            allowed="about 4 GiB of free memory",
            next=f"harness subjects prepare {subject}",
        )
    raise SubjectError(
        f"subject {subject!r} does not convert: {last[0]}",
        where=str(gguf),
        next=f"{python} {SCRIPT} {gguf} OUT, to see all of it",
    )
