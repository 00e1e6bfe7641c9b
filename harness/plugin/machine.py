"""What the numbers of a run depend on beside its stack: the machine, its kernels, its threads."""

from __future__ import annotations

import os
import platform
import sys
from functools import lru_cache
from importlib import metadata

from harness.vocabulary.processor import cpuinfo
from harness.vocabulary.stacks import LIBRARIES

ISA_FLAGS = ("avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "asimd", "sve")


def versions() -> dict[str, str]:
    """Every distribution of the running interpreter, by its normalised name."""
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found[name.lower().replace("_", "-").replace(".", "-")] = distribution.version
    return dict(sorted(found.items()))


def installed(package: str) -> str | None:
    """The version of `package` in this stack, or None where it is not part of it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


@lru_cache(maxsize=1)
def hardware() -> dict[str, str]:
    """Processor, its instruction sets that kernels are chosen by, cores, system, interpreter."""
    info = cpuinfo()
    flags = set((info.get("flags") or info.get("Features") or "").split())
    return {
        "processor": info.get("model name") or platform.processor() or platform.machine(),
        "instructions": " ".join(flag for flag in ISA_FLAGS if flag in flags),
        "cores": str(os.cpu_count() or 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": ".".join(map(str, sys.version_info[:3])),
    }


def device_class(device: str | None) -> str:
    """`cpu`, `mps`, or the name of the GPU that the device `cuda:N` is."""
    if device is None or not device.startswith("cuda"):
        return device or "cpu"
    import torch

    return str(torch.cuda.get_device_name(device))


def kernels(threads: int, batch: int = 1) -> dict[str, str]:
    """Settings that choose among kernels."""
    return {
        "threads": str(threads),
        "batch": str(batch),
        "ATEN_CPU_CAPABILITY": os.environ.get("ATEN_CPU_CAPABILITY", "auto"),
    }


def libraries() -> dict[str, str]:
    """The libraries under test that this stack has."""
    return {name: version for name in LIBRARIES if (version := installed(name))}
