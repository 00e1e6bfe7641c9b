"""Reading pins and requirements as people write them: text in, plain values out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from harness.vocabulary.errors import UsageError

PIN_SYNTAX = "one `name==version` a line, as pip's constraints"
ARGUMENT_SYNTAX = '"name==version", several separated by spaces or commas'

_OPERATOR = re.compile(r"[<>=!~]")


@dataclass(frozen=True)
class Pin:
    """One requirement: canonical package name, and version specifier as text (`==5.23.0`)."""

    package: str
    specifier: str
    extras: tuple[str, ...] = ()

    def __str__(self) -> str:
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.package}{extras}{self.specifier}"

    @property
    def version(self) -> Version | None:
        """The one version it allows, or None where it is a range."""
        match = re.fullmatch(r"==([^,*]+)", self.specifier)
        return Version(match[1]) if match else None


def read_pins(text: str, where: str) -> tuple[Pin, ...]:
    """The pins of a file, sorted by package. Comments and hashes are passed over.

    Raises UsageError naming the line that is no requirement, a package that is pinned
    twice, or a file without a single pin.
    """
    pins: dict[str, Pin] = {}
    for number, line in enumerate(text.replace("\\\n", " ").splitlines(), 1):
        content = re.sub(r"(^|\s)#.*", "", line)
        content = re.sub(r"\s--hash=\S+", "", content).strip()
        if not content:
            continue
        pin = _pin(content, f"{where}, line {number}", PIN_SYNTAX)
        if pin.package in pins and pins[pin.package] != pin:
            raise UsageError(
                f"{pin.package} is pinned twice: {pins[pin.package]} and {pin}",
                where=f"{where}, line {number}",
                allowed="one pin for a package",
                next=f"take out {pins[pin.package]} or {pin}",
            )
        pins[pin.package] = pin
    if not pins:
        raise UsageError(
            "the file of pins is empty",
            where=where,
            allowed=PIN_SYNTAX,
            next="pip freeze writes such a file",
        )
    return tuple(pins[package] for package in sorted(pins))


def read_specifiers(words: str, where: str) -> tuple[Pin, ...]:
    """The requirements of `"transformers==5.17.0, tokenizers >=0.22,<0.24"`, in its order."""
    pins = tuple(_pin(piece, where, ARGUMENT_SYNTAX) for piece in split(words))
    for pin in pins:
        if not pin.specifier:
            raise UsageError(
                f"{pin.package} is given without a version",
                where=where,
                allowed=ARGUMENT_SYNTAX,
                next=f'"{pin.package}==VERSION"',
            )
    repeated = {pin.package for pin in pins if [p.package for p in pins].count(pin.package) > 1}
    if repeated:
        package = min(repeated)
        together = ",".join(p.specifier for p in pins if p.package == package)
        raise UsageError(
            f"{', '.join(sorted(repeated))} is given twice",
            where=where,
            allowed="one requirement for a package",
            next=f'one version, or both limits together: "{package}{together}"',
        )
    return pins


def split(words: str) -> list[str]:
    """Cut an argument into requirements: at spaces and at the commas that no specifier owns."""
    compact = re.sub(r"\s*([<>=!~]=?=?)\s*", r"\1", words.strip())
    compact = re.sub(r"\s*([,@])\s*", r"\1", compact)
    pieces: list[str] = []
    for piece in re.split(r"\s+|,(?![^\[\]]*\])", compact):
        if pieces and _OPERATOR.match(piece):
            pieces[-1] += f",{piece}"
        elif piece:
            pieces.append(piece)
    return pieces


def _pin(text: str, where: str, allowed: str) -> Pin:
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"{text!r} is no requirement: {reason}",
            where=where,
            allowed=allowed,
            next=_meant(text),
        ) from None
    if "===" in text:
        raise UsageError(
            f"{text!r} is no requirement: write ==",
            where=where,
            allowed=allowed,
            next=f'"{text.replace("===", "==")}"',
        )
    if requirement.url or requirement.marker:
        raise UsageError(
            f"{text!r} has an address or a marker",
            where=where,
            allowed=allowed,
            next=f'"{requirement.name}==VERSION"; a wheel of your own is found through '
            "UV_FIND_LINKS or PIP_FIND_LINKS",
        )
    specifier = ",".join(sorted((str(part) for part in requirement.specifier), reverse=True))
    return Pin(canonicalize_name(requirement.name), specifier, tuple(sorted(requirement.extras)))


def _meant(text: str) -> str:
    """A requirement like `text` that is one: `transformers==5.1` for `transformers=5.1`."""
    doubled = re.sub(r"(?<![<>=!~])=(?!=)", "==", text)
    operators = re.sub(r"=+([<>])", r"\1=", doubled)
    for candidate in (doubled, operators):
        try:
            return f'"{Requirement(candidate)}"'
        except InvalidRequirement:
            continue
    name = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", text)
    return f'"{name[0].rstrip("._-") if name else "NAME"}==VERSION"'
