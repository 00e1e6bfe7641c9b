"""Fetching a page of a package index: kept, and asked for again only where it may have changed.

A page is believed as long as the index says (`Cache-Control: max-age`), ten minutes where it
says nothing. After that it is asked whether it changed (`ETag`, `Last-Modified`; RFC 9110,
section 13). An index that does not answer leaves what it said last, with a word about that.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import netrc
import os
import re
import ssl
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from harness.stacks.errors import IndexUnreachable
from harness.stacks.indexes import Indexes, shown
from harness.stacks.listings import ACCEPT
from harness.stacks.resolve import CONNECT, unreachable
from harness.vocabulary.places import cache_dir

FRESH = 600.0
"""Seconds for which a page is believed whose index names no time."""
_LONGEST_WAIT = 10.0
_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_OFFLINE = "no network is allowed (UV_OFFLINE)"
_ONCE = "unset UV_OFFLINE this once: what the index says of a package is kept"


@dataclass(frozen=True)
class Page:
    """What an address held at `asked` (seconds since the epoch).

    `stale` says why it was not asked again, and is empty where the page is fresh.
    """

    body: str
    content_type: str
    asked: float
    etag: str = ""
    modified: str = ""
    fresh_for: float = FRESH
    stale: str = ""


def fetch(address: str, indexes: Indexes) -> Page | None:
    """The page at `address`, None where the index says that there is none.

    Raises IndexUnreachable where it does not answer, refuses, or no network is allowed,
    and the page was never seen.
    """
    if urlsplit(address).scheme not in ("http", "https"):
        return _read_file(address)
    kept = _read(address)
    if kept is not None and time.time() - kept.asked < kept.fresh_for:
        return kept
    if indexes.offline:
        return _make_do(kept, address, _OFFLINE)
    try:
        page = _ask(address, kept, indexes)
    except (OSError, http.client.HTTPException) as error:
        return _make_do(kept, address, _why(error))
    if page is not None:
        _keep(address, page)
    return page


def _make_do(kept: Page | None, address: str, why: str) -> Page:
    if kept is None:
        raise _silent(address, why)
    return replace(kept, stale=why)


def _silent(address: str, why: str) -> IndexUnreachable:
    return unreachable(f"{shown(address)}: {why}", _ONCE if why == _OFFLINE else CONNECT)


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        login = "; it wants a user and password" if error.code in (401, 403) else ""
        return f"HTTP {error.code} {error.reason}{login}"
    reason = getattr(error, "reason", error)
    return str(reason) or type(reason).__name__


def _ask(address: str, kept: Page | None, indexes: Indexes) -> Page | None:
    """Ask the index, again after a pause where it is only busy. Raises OSError, HTTPException."""
    left = indexes.retries
    while True:
        try:
            return _ask_once(address, kept, indexes)
        except urllib.error.HTTPError as error:
            if error.code not in _AGAIN or not left:
                raise
            pause = _pause(error.headers.get("Retry-After", ""), indexes.retries - left)
        except (OSError, http.client.HTTPException):
            if not left:
                raise
            pause = _pause("", indexes.retries - left)
        left -= 1
        time.sleep(pause)


def _pause(wanted: str, tried: int) -> float:
    """Seconds to wait: what the index wants, else twice as long every time."""
    seconds = float(wanted) if wanted.isdigit() else 0.5 * 2.0**tried
    return min(seconds, _LONGEST_WAIT)


def _ask_once(address: str, kept: Page | None, indexes: Indexes) -> Page | None:
    request = urllib.request.Request(shown(address), headers={"Accept": ACCEPT})
    request.add_header("User-Agent", "llm-harness")
    if kept is not None and kept.etag:
        request.add_header("If-None-Match", kept.etag)
    if kept is not None and kept.modified:
        request.add_header("If-Modified-Since", kept.modified)
    login = _login(address)
    if login:
        # Not carried over a redirection: another host has no right to it.
        request.add_unredirected_header("Authorization", login)
    asked = time.time()
    try:
        with urllib.request.urlopen(request, timeout=indexes.timeout, context=_context()) as answer:
            body = answer.read().decode(answer.headers.get_content_charset() or "utf-8", "replace")
            return Page(
                body,
                answer.headers.get("Content-Type", ""),
                asked,
                answer.headers.get("ETag", ""),
                answer.headers.get("Last-Modified", ""),
                _fresh_for(answer.headers.get("Cache-Control", "")),
            )
    except urllib.error.HTTPError as error:
        if error.code == 304 and kept is not None:
            return replace(kept, asked=asked, stale="")
        if error.code in (404, 410):
            return None
        raise


def _fresh_for(control: str) -> float:
    if "no-cache" in control or "no-store" in control:
        return 0.0
    match = re.search(r"max-age=(\d+)", control)
    return float(match[1]) if match else FRESH


def _context() -> ssl.SSLContext:
    """OpenSSL's own certificates and `$SSL_CERT_FILE`'s, with pip's where it names some."""
    context = ssl.create_default_context()
    if os.environ.get("PIP_CERT"):
        context.load_verify_locations(os.environ["PIP_CERT"])
    return context


def _login(address: str) -> str:
    """The Authorization of `address`: from itself, else from the user's netrc."""
    parts = urlsplit(address)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not user and parts.hostname:
        with suppress(OSError, netrc.NetrcParseError):
            found = netrc.netrc(os.environ.get("NETRC")).authenticators(parts.hostname)
            user, password = (found[0] or "", found[2] or "") if found else ("", "")
    if not user:
        return ""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _read_file(address: str) -> Page | None:
    """A page that lies on this machine: `file://` or a path, a folder's `index.html`."""
    parts = urlsplit(address)
    path = Path(unquote(parts.path) if parts.scheme == "file" else address)
    path = path / "index.html" if path.is_dir() else path
    try:
        return Page(path.read_text(encoding="utf-8"), "text/html", path.stat().st_mtime)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _silent(address, str(error)) from None


def _place(address: str) -> Path:
    name = hashlib.sha256(address.encode()).hexdigest()[:24]
    return cache_dir() / "releases" / f"{name}.json"


def _read(address: str) -> Page | None:
    try:
        return Page(**json.loads(_place(address).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _keep(address: str, page: Page) -> None:
    """Write it whole or not at all; a disk that is full costs only the next request."""
    place = _place(address)
    unfinished = place.with_name(f"{place.name}.{os.getpid()}")
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(asdict(page)), encoding="utf-8")
        unfinished.replace(place)
