"""The same script under the baseline's versions."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from harness.standalone.given import BASELINE
from harness.vocabulary.reproducers import COULD_NOT_RUN, SHOWS, SHOWS_NOT


def pins() -> dict[str, str]:
    """The versions that the header of this script names."""
    header = Path(sys.argv[0]).read_text(encoding="utf-8").partition("# ///\n")[0]
    return dict(re.findall(r'"([^"=]+)==([^"]+)"', header))


def under_baseline() -> int:
    """Run this script with the header's versions, but the baseline's where they differ.

    Where uv does not come to run it, its exit code says nothing.
    """
    python = ".".join(platform.python_version_tuple()[:2])
    versions = pins() | BASELINE
    wanted = [f"--with={package}=={version}" for package, version in versions.items() if version]
    command = [os.environ.get("UV", "uv"), "run", "--no-project", "--python", python]
    command += [*wanted, "python", sys.argv[0]]
    told = False
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            told = told or line.startswith((SHOWS, SHOWS_NOT, COULD_NOT_RUN))
    if told:
        return process.returncode
    print(f"{COULD_NOT_RUN}uv ended with exit code {process.returncode}")
    return 2
