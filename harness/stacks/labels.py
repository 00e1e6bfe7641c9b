"""Giving a wheel a local version label, so that two builds of one version can be told apart."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import zipfile
from pathlib import Path

from packaging.version import Version


def labelled(version: Version, label: str) -> Version:
    """`version` with `label` in its local part: 1.0 and `gabc` are 1.0+gabc (PEP 440)."""
    return Version(f"{version}{'.' if version.local else '+'}{label}")


def relabel(wheel: Path, version: Version, target: Path) -> Path:
    """Write `wheel` into the folder `target` under another version; its code is the same.

    The version stands in the file's name, in the names of the folders `.dist-info` and
    `.data`, and in METADATA, whose checksum stands in RECORD.
    """
    name, _, *tags = wheel.name.split("-")
    relabelled = target / "-".join([name, str(version), *tags])
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(relabelled, "w") as new:
        stem = _stem(old)
        fresh = f"{stem.rpartition('-')[0]}-{version}"
        metadata = _at_version(old.read(f"{stem}.dist-info/METADATA"), version)
        for entry in old.infolist():
            path = _renamed(entry.filename, stem, fresh)
            content = old.read(entry)
            if path == f"{fresh}.dist-info/METADATA":
                content = metadata
            elif path == f"{fresh}.dist-info/RECORD":
                content = _record(content, stem, fresh, metadata)
            entry.filename = path
            new.writestr(entry, content, entry.compress_type)
    return relabelled


def _stem(archive: zipfile.ZipFile) -> str:
    """`gizmo-1.0` of the folder `gizmo-1.0.dist-info`."""
    suffix = ".dist-info/METADATA"
    (path,) = [name for name in archive.namelist() if re.fullmatch(rf"[^/]+{suffix}", name)]
    return path.removesuffix(suffix)


def _renamed(path: str, stem: str, fresh: str) -> str:
    for folder in (".dist-info", ".data"):
        if path.startswith(f"{stem}{folder}/"):
            return fresh + path.removeprefix(stem)
    return path


def _at_version(metadata: bytes, version: Version) -> bytes:
    return re.sub(rb"(?m)^Version:[^\r\n]*", f"Version: {version}".encode(), metadata, count=1)


def _record(record: bytes, stem: str, fresh: str, metadata: bytes) -> bytes:
    digest = base64.urlsafe_b64encode(hashlib.sha256(metadata).digest()).rstrip(b"=").decode()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for path, *rest in csv.reader(io.StringIO(record.decode())):
        path = _renamed(path, stem, fresh)
        if path == f"{fresh}.dist-info/METADATA":
            rest = [f"sha256={digest}", str(len(metadata))]
        writer.writerow([path, *rest])
    return out.getvalue().encode()
