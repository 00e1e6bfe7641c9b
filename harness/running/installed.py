"""What an environment holds, asked of its own interpreter, and a folder with a part of it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from harness.reproduce.pins import Installed
from harness.vocabulary.errors import NoEvidence

ASK = """
import json, platform, sysconfig
from importlib import metadata

found = []
for each in metadata.distributions():
    tops = {f.parts[0] for f in each.files or () if f.parts and f.parts[0] != ".."}
    found.append([each.metadata["Name"], each.version, each.requires or [], sorted(tops)])
version = ".".join(platform.python_version_tuple()[:2])
modules = metadata.packages_distributions()
print(json.dumps([found, modules, sysconfig.get_path("purelib"), version]))
"""

_IMPORTED = re.compile(r"^import time: +\d+ \| +\d+ \| +(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Site:
    """An environment's packages. `tops` are what each has in `folder`; `python` is 3.11 or so."""

    installed: Installed
    folder: Path
    tops: Mapping[str, tuple[str, ...]]
    python: str


def read_site(python: Path) -> Site:
    """Ask the environment of this interpreter what it holds. Raises NoEvidence."""
    done = subprocess.run(
        [str(python), "-I", "-c", ASK], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NoEvidence(
            f"an environment does not say what it holds: {_last(done.stderr)}",
            where=str(python),
            next="harness stacks prune --all, then the same command: it is built again",
        )
    found, modules, folder, version = json.loads(done.stdout)
    entries = {canonicalize_name(name): (v, needs, tops) for name, v, needs, tops in found}
    installed = Installed(
        versions={name: v for name, (v, _, _) in entries.items()},
        gives={name: canonicalize_name(packages[0]) for name, packages in modules.items()},
        needs={name: tuple(_required(needs)) for name, (_, needs, _) in entries.items()},
    )
    tops: dict[str, tuple[str, ...]] = {name: tuple(t) for name, (_, _, t) in entries.items()}
    return Site(installed, Path(folder), tops, version)


def _last(said: str) -> str:
    return said.strip().rpartition("\n")[2]


def _required(lines: Iterable[str]) -> Iterable[str]:
    """The packages that are needed here whatever extras are asked for.

    A line that nobody can read, as some old packages have, needs nothing.
    """
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


def packages_imported(log: str, site: Site) -> set[str]:
    """The packages that a process imported, of which `python -X importtime` told `log`."""
    names = {match[1] for match in _IMPORTED.finditer(log)}
    return {site.installed.gives[name] for name in names if name in site.installed.gives}


def links(site: Site, packages: Iterable[str], folder: Path) -> Path:
    """Make `folder` with links to what these packages have in the environment, and no others."""
    folder.mkdir(parents=True)
    for package in packages:
        for top in site.tops.get(package, ()):
            link, target = folder / top, site.folder / top
            if target.exists() and not link.exists():
                link.symlink_to(target, target_is_directory=target.is_dir())
    return folder
