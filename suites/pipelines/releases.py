"""Reads facts about pipelines from released wheels of transformers: `python releases.py 5.2.0 …`.

Each release named is fetched by pip without its dependencies, never installed or imported, and
its facts are put into releases.json beside this file.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

RELEASES = Path(__file__).with_name("releases.json")


def facts(wheel: zipfile.ZipFile) -> dict[str, Any]:
    """What the sources of one release say; None where the pattern does not occur."""
    init = _read(wheel, "pipelines/__init__.py")
    base = _read(wheel, "pipelines/base.py")
    factory = init.split("\ndef pipeline(", 1)[1].split('"""', 1)[0]
    registered = init.split("SUPPORTED_TASKS = {", 1)[1].split("\n}\n", 1)[0]
    aliases = init.split("TASK_ALIASES = {", 1)[1].split("\n}\n", 1)[0]
    return {
        "pipeline() takes device_map": "device_map" in factory,
        "default device": _default_device(base),
        "log level of the device": _first(r"logger\.(\w+)\(f?\"Device set to use", base),
        "default of new tokens": _first(
            r"max_new_tokens=(\d{2,})", _read(wheel, "pipelines/text_generation.py")
        ),
        "call's max_length beats it": "_prepare_generate_kwargs" in base,
        "log level of the pad id": _first(
            r"logger\.(\w+)\(\s*f\"Setting `pad_token_id`", _read(wheel, "generation/utils.py")
        ),
        "warns of truncation": "Truncation was not explicitly activated"
        in _read(wheel, "tokenization_utils_base.py"),
        "tasks": sorted(re.findall(r'^    "([a-z0-9-]+)": \{', registered, re.M)),
        "aliases": sorted(re.findall(r'^    "([a-z0-9-]+)": "', aliases, re.M)),
    }


def _default_device(base: str) -> str | None:
    """Where a model goes that was loaded without a map: the first accelerator, or the CPU."""
    number = _first(r"if device is None:.{0,300}?\bdevice = (-?\d)", base)
    if number is None:
        number = _first(r"device: [^\n]*= (-1)", base)
    return {"-1": "cpu", "0": "first accelerator", None: None}[number]


def _read(wheel: zipfile.ZipFile, path: str) -> str:
    try:
        return wheel.read(f"transformers/{path}").decode("utf-8")
    except KeyError:
        return ""


def _first(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text, re.S)
    return found.group(1) if found else None


def order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def main(versions: list[str]) -> None:
    known = json.loads(RELEASES.read_text("utf-8")) if RELEASES.exists() else {}
    for version in versions:
        with tempfile.TemporaryDirectory() as folder:
            command = ["pip", "download", "-q", "--no-deps", "-d", folder]
            subprocess.run([*command, f"transformers=={version}"], check=True)
            (path,) = Path(folder).glob("*.whl")
            with zipfile.ZipFile(path) as wheel:
                known[version] = facts(wheel)
    ordered = {version: known[version] for version in sorted(known, key=order)}
    RELEASES.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
