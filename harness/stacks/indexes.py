"""Which package indexes and folders count, as uv is told of them: pure.

Only the environment is read, uv's variables and pip's where uv has none of its own; a
`uv.toml` is uv's alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

from harness.stacks.uv import environment

RETRIES = 3
TIMEOUT = 30.0
_TRUE = {"1", "true", "t", "yes", "y", "on"}
_NAMED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)=(?P<url>.*)")


@dataclass(frozen=True)
class Indexes:
    """Where releases are looked for.

    `registries` are addresses of indexes (PEP 503, 691) in the order in which they are
    asked: the first that has a package is the only one to count, or all where `united`.
    `links` are folders and pages of files, which always count. `timeout` is in seconds.
    """

    registries: tuple[str, ...]
    links: tuple[str, ...] = ()
    united: bool = False
    offline: bool = False
    retries: int = RETRIES
    timeout: float = TIMEOUT


def read_indexes(variables: Mapping[str, str], usual: Callable[[], str]) -> Indexes:
    """The indexes that `variables` name, as uv understands them; `usual` where they name none."""
    told = environment(variables)
    default = told.get("UV_DEFAULT_INDEX") or told.get("UV_INDEX_URL") or usual()
    written = [*_words(told, "UV_INDEX"), *_words(told, "UV_EXTRA_INDEX_URL"), default]
    return Indexes(
        tuple(dict.fromkeys(_address(each, told) for each in written if each)),
        tuple(re.split(r"[,\s]+", told["UV_FIND_LINKS"])) if told.get("UV_FIND_LINKS") else (),
        told.get("UV_INDEX_STRATEGY", "first-index") != "first-index",
        _true(told, "UV_OFFLINE"),
        int(_number(told, "UV_HTTP_RETRIES", RETRIES)),
        _number(told, "UV_HTTP_TIMEOUT", TIMEOUT),
    )


def shown(address: str) -> str:
    """`address` without the user and password that it may hold."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _words(told: Mapping[str, str], variable: str) -> list[str]:
    return told.get(variable, "").split()


def _address(written: str, told: Mapping[str, str]) -> str:
    """The address of `NAME=ADDRESS`, with the credentials that are set for that name."""
    match = _NAMED.fullmatch(written)
    if match is None or "/" in match["name"]:
        return written.rstrip("/")
    address = match["url"].rstrip("/")
    prefix = "UV_INDEX_" + re.sub(r"[^A-Za-z0-9]", "_", match["name"]).upper()
    user, password = told.get(f"{prefix}_USERNAME", ""), told.get(f"{prefix}_PASSWORD", "")
    parts = urlsplit(address)
    if not (user or password) or "@" in parts.netloc:
        return address
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))


def _true(told: Mapping[str, str], variable: str) -> bool:
    return told.get(variable, "").lower() in _TRUE


def _number(told: Mapping[str, str], variable: str, default: float) -> float:
    try:
        return max(0.0, float(told.get(variable) or default))
    except ValueError:
        return default
