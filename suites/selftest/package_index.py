"""A package index on this machine, which counts what it is asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HTML = "text/html"


@dataclass
class PackageIndex:
    """What it answers for a path, and every request that it had.

    `pages` maps paths to content type and text. `refuses` are statuses that it gives to the
    next requests instead. `headers` go with every page; with an `ETag` among them, a request
    that knows it is told that nothing changed.
    """

    address: str = ""
    pages: dict[str, tuple[str, str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    refuses: list[int] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)

    def status(self, path: str, headers: dict[str, str]) -> int:
        if self.refuses:
            return self.refuses.pop(0)
        if path in self.moved:
            return 302
        if path not in self.pages:
            return 404
        known = self.headers.get("ETag")
        return 304 if known and headers.get("If-None-Match") == known else 200


@contextmanager
def package_index() -> Iterator[PackageIndex]:
    """Serve an index on the loopback address."""
    index = PackageIndex()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = dict(self.headers.items())
            index.asked.append((self.path, headers))
            status = index.status(self.path, headers)
            index.answered.append(status)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", index.moved[self.path])
            if status == 200:
                self.send_header("Content-Type", index.pages[self.path][0])
            if status in (200, 304):
                for name, value in index.headers.items():
                    self.send_header(name, value)
            self.end_headers()
            if status == 200:
                self.wfile.write(index.pages[self.path][1].encode())

        def log_message(self, format: str, *arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    index.address = f"http://127.0.0.1:{server.server_address[1]}/simple"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
