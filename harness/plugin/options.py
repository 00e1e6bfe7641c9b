"""The values of the plugin's options, checked once and turned into settings."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness import subjects
from harness.measure.garbage import collect_seldom
from harness.plugin import speed
from harness.plugin.marks import MARKS
from harness.vocabulary.cells import PRECISIONS, check_device, check_precision, lacks
from harness.vocabulary.errors import HarnessError, UsageError
from harness.vocabulary.places import home
from harness.vocabulary.subjects import Subject
from harness.vocabulary.threads import most_threads
from harness.vocabulary.tiers import DEFAULT, Tier

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "DO_NOT_TRACK": "1",
    "WANDB_MODE": "disabled",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
}
"""Set before any library is imported: a run is offline, and no library forks threads behind it."""


@dataclass(frozen=True)
class Settings:
    """What this run was asked for. `behaviours` None means all; `cell` None means all."""

    home: Path
    subjects: tuple[Subject, ...]
    precisions: tuple[str, ...]
    devices: tuple[str, ...]
    memory_budget: int
    threads: int
    snapshots: str
    snapshot_dir: Path
    selected: bool
    record: Path | None = None
    cell: str | None = None
    behaviours: frozenset[str] | None = None
    list_cells: Path | None = None
    tier: Tier = DEFAULT
    batch: int = 1


SETTINGS = pytest.StashKey[Settings]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    for line in MARKS:
        config.addinivalue_line("markers", line)
    if config.option.help or getattr(config.option, "markers", False):
        return
    try:
        _check_root(config)
        speed.check(config)
        settings = read(config)
    except HarnessError as error:
        if config.option.list_cells:
            write_refusal(Path(config.option.list_cells), error)
        raise pytest.UsageError(str(error)) from None
    config.stash[SETTINGS] = settings
    os.environ.update(OFFLINE)
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(settings.threads)
    collect_seldom()
    config.option.disable_unused_snapshots = True
    if getattr(config.option, "dist", None) == "load":
        config.option.dist = "loadgroup"


def write_refusal(path: Path, error: HarnessError) -> None:
    """Leave, in place of the cells, what is wrong with the options: whoever asked words it."""
    parts = {name: getattr(error, name) for name in ("what", "where", "allowed", "next")}
    path.write_text(json.dumps({"refused": parts}), encoding="utf-8")


def _check_root(config: pytest.Config) -> None:
    """pytest looks for its settings beside whatever follows an option after a space."""
    here = config.invocation_params.dir / "pyproject.toml"
    if config.inipath is None and here.is_file():
        raise UsageError(
            "pytest took the value of an option for a test, and did not find its settings",
            where=str(config.rootpath),
            allowed="the value of an option that names a file after an equals sign",
            next="write --record=FILE instead of --record FILE, and so on",
        )


def read(config: pytest.Config) -> Settings:
    """The settings of this run. Raises HarnessError where an option makes no sense."""
    option = config.option
    root = home()
    precisions = tuple(check_precision(name) for name in _split(option.precision)) or PRECISIONS
    devices = tuple(check_device(name) for name in _split(option.device)) or ("cpu",)
    _check_combinations(precisions, devices, asked=bool(option.precision))
    for device in devices:
        _check_present(device)
    return Settings(
        home=root,
        subjects=_subjects(root, option),
        precisions=precisions,
        devices=devices,
        memory_budget=parse_size(option.memory_budget),
        threads=_threads(option),
        snapshots=option.snapshots,
        snapshot_dir=Path(option.snapshot_dir or root / "snapshots").resolve(),
        selected=bool(option.subject),
        record=Path(option.record).resolve() if option.record else None,
        cell=option.cell,
        behaviours=_behaviours(option.behaviours_from),
        list_cells=Path(option.list_cells).resolve() if option.list_cells else None,
        tier=option.tier,
        batch=_at_least_one("--batch", option.batch),
    )


def _subjects(root: Path, option: Any) -> tuple[Subject, ...]:
    extra = Path(option.subjects_file) if option.subjects_file else None
    return tuple(subjects.select(subjects.read_registry(root, extra), option.subject))


def _check_combinations(precisions: tuple[str, ...], devices: tuple[str, ...], asked: bool) -> None:
    for device in devices:
        missing = [(name, lacks(name, device)) for name in precisions if lacks(name, device)]
        if missing and (asked or len(missing) == len(precisions)):
            able = ", ".join(name for name in PRECISIONS if not lacks(name, device))
            raise UsageError(
                str(missing[0][1]),
                where=f"--precision on {device}",
                allowed=able,
                next=f"--precision {able.replace(' ', '')}",
            )


def _check_present(device: str) -> None:
    """A device that this machine lacks is refused before anything is loaded."""
    if device == "cpu":
        return
    known = _devices_here()
    if device not in known:
        raise UsageError(
            f"this machine has no device {device!r}, or this build of torch cannot use it",
            where=f"--device {device}",
            allowed=", ".join(["cpu", *known]),
            next=f"--device {next(iter(known), 'cpu')}",
        )


def _devices_here() -> list[str]:
    """What this stack's torch can use beside the processor; nothing without torch."""
    try:
        import torch
    except ImportError:
        return []
    count = torch.cuda.device_count()
    known = (["cuda"] if count else []) + [f"cuda:{number}" for number in range(count)]
    return known + (["mps"] if torch.backends.mps.is_available() else [])


def _split(values: list[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _threads(option: Any) -> int:
    if option.threads is not None:
        return _check_threads(_at_least_one("--threads", option.threads))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT") or 1)
    return max(1, len(os.sched_getaffinity(0)) // workers) if workers else 1


def _check_threads(number: int) -> int:
    if number > most_threads():
        raise UsageError(
            f"{number} are too many threads",
            where=f"--threads {number}",
            allowed=f"a number from 1 to {most_threads()}",
            next="leave --threads out for one a core",
        )
    return number


def _at_least_one(option: str, number: int) -> int:
    if number < 1:
        raise UsageError(
            f"{number} is too few",
            where=f"{option} {number}",
            allowed="a number from 1",
            next=f"{option} 1",
        )
    return int(number)


def _behaviours(path: str | None) -> frozenset[str] | None:
    if path is None:
        return None
    try:
        return frozenset(Path(path).read_text(encoding="utf-8").split("\n")) - {""}
    except OSError as error:
        raise UsageError(
            f"the list of behaviours cannot be read: {error.strerror}",
            where=f"--behaviours-from {path}",
            allowed="a file with the id of a behaviour a line",
            next="pytest --collect-only -q names them",
        ) from None


_UNITS = {"": 1, "B": 1} | {
    f"{letter}{suffix}": base**power
    for power, letter in enumerate("KMG", 1)
    for suffix, base in (("IB", 2**10), ("B", 10**3))
}


def parse_size(text: str) -> int:
    """Bytes from `4GiB`, `500MB` or a plain number. Raises UsageError on anything else."""
    digits = text.strip().rstrip("iIbBkKmMgG").strip()
    unit = text.strip()[len(digits) :].strip().upper()
    try:
        size = int(float(digits) * _UNITS[unit])
    except (ValueError, KeyError):
        size = 0
    if size <= 0:
        raise UsageError(
            f"{text!r} is no size",
            where=f"--memory-budget {text}",
            allowed="e.g. 4GiB, 500MB",
            next="--memory-budget 8GiB",
        )
    return size
