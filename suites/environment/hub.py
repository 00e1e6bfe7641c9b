"""A hub on this machine that guards one repository: what a gated model is to a client.

Without a token it answers 401, to a token whose owner has not accepted the terms 403, to the
good one with the files. Each request is kept with the token it carried.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

GOOD = "hf_accepted"
UNSIGNED = "hf_not_accepted"
COMMIT = "0" * 39 + "1"


class Hub:
    """Serves `folder` as the repository `name`; `tokens` are those of its requests, in order."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.tokens: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str, token: str) -> tuple[int, dict[str, str], bytes]:
        if self.name not in path:
            return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
        self.tokens.append(token)
        if token != GOOD:
            restricted = f"Access to model {self.name} is restricted."
            headers = {"X-Error-Code": "GatedRepo", "X-Error-Message": restricted}
            return (403 if token else 401), headers, b"{}"
        file = self.folder / path.rpartition("/")[2]
        if "/resolve/" in path and file.is_file():
            headers = {"ETag": f'"{file.name}"', "X-Repo-Commit": COMMIT}
            return 200, headers, file.read_bytes()
        if "/api/models/" in path and "/tree/" not in path:
            siblings = [{"rfilename": entry.name} for entry in self.folder.iterdir()]
            about = {"id": self.name, "modelId": self.name, "sha": COMMIT, "siblings": siblings}
            return 200, {"Content-Type": "application/json"}, json.dumps(about).encode()
        return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b"{}"


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, headers, body = hub.answer(self.path.partition("?")[0], token)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    return Handler
