"""What a cell's result depends on beside its stack: machine, environment, sources."""

from __future__ import annotations

import hashlib
import math
import os
import platform
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from harness.vocabulary.processor import cpuinfo
from harness.vocabulary.released import is_cached, read_releases

INSIDE = ("__init__.py", "vocabulary", "measure", "subjects", "plugin")
"""The parts of the package that run inside a stack under test."""

OF_HOME = ("suites", "fixtures", "snapshots", "conftest.py", "pyproject.toml")

JUDGED_BY = "fixtures/accepted.toml"
"""What only judges results: to accept one must not make all of them be measured again."""

_PASSED = re.compile(
    r"HOME|PATH|LANG|LC_[A-Z]+|TZ|TMPDIR|USER|LD_LIBRARY_PATH|XDG_CACHE_HOME"
    r"|(ATEN|CUDA|HF|HIP|HSA|KMP|MKL|NVIDIA|OMP|OPENBLAS|PYTORCH|ROCM|TORCH|TRANSFORMERS)_\w+"
)
_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|CREDENTIAL|API_KEY|ACCESS_KEY")
_PLACES = frozenset(
    {"HOME", "PATH", "USER", "TMPDIR", "XDG_CACHE_HOME", "HF_HOME", "PYTHONPATH"}
    | {"HARNESS_HOME", "HARNESS_CACHE"}
)

PINNED: Mapping[str, str] = {
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUNBUFFERED": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}

_THREADS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS",
)  # fmt: skip


def cell_environment(
    base: Mapping[str, str], *, home: Path, cache: Path, inside: Path, threads: int
) -> dict[str, str]:
    """The whole environment of a cell's process: what is listed above, and no secret.

    `inside` is a folder with nothing but the package `harness` in it, so that what is
    installed beside the gate does not reach the stack under test.
    """
    passed = {
        name: value
        for name, value in base.items()
        if _PASSED.fullmatch(name) and not _SECRET.search(name)
    }
    return {
        **passed,
        **PINNED,
        **dict.fromkeys(_THREADS, str(threads)),
        "HARNESS_HOME": str(home),
        "HARNESS_CACHE": str(cache),
        "PYTHONPATH": str(inside),
    }


def influences(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings of a cell's environment that a result may depend on: all but places."""
    return {name: value for name, value in environment.items() if name not in _PLACES}


def released_here(home: Path) -> dict[str, str]:
    """Which released weights lie in the hub's cache of this machine: behaviours read them there."""
    present = [name for name, each in read_releases(home).items() if is_cached(each)]
    return {"released weights": " ".join(present)}


def hardware(python: str) -> dict[str, str]:
    """The class of machine: two machines of one class are taken to give equal results."""
    info = cpuinfo()
    return {
        "processor": info.get("model name") or platform.processor() or platform.machine(),
        "instructions": " ".join(sorted((info.get("flags") or info.get("Features", "")).split())),
        "cores": str(os.cpu_count() or 1),
        "memory": f"2^{round(math.log2(psutil.virtual_memory().total / 2**30))} GiB",
        "system": " ".join([platform.system(), platform.machine(), *platform.libc_ver()]).strip(),
        "python": python,
    }


def sources_digest(package: Path, home: Path) -> str:
    """sha256 over the name and content of every file that runs inside a stack, or is read there."""
    total = hashlib.sha256()
    roots = [(package, name) for name in INSIDE] + [(home, name) for name in OF_HOME]
    for root, name in roots:
        for file in sorted(_files(root / name)):
            if file == home / JUDGED_BY:
                continue
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            total.update(
                f"{root.name if root is package else ''}/{file.relative_to(root)} ".encode()
            )
            total.update(f"{content}\n".encode())
    return total.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, files in os.walk(path):
        left_out = {"__pycache__", "selftest" if Path(folder).name == "suites" else ""}
        folders[:] = [name for name in folders if name not in left_out]
        yield from (Path(folder) / name for name in files if not name.endswith(".pyc"))
