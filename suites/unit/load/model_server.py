"""A small real server with Ollama's chat API, on a thread: https://github.com/ollama/ollama/blob/main/docs/api.md."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = "gemma3:1b"
_TOKEN_S = 0.005


class Ollama(ThreadingHTTPServer):
    """Answers ``/api/chat`` for one model, one JSON line per token; ``asked`` keeps what was asked for.

    ``names`` and ``tokens`` keep the names that it was called by, and what was shown to it.
    """

    daemon_threads = True

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), _Handler)
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.names: set[str] = set()
        self.tokens: set[str] = set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Ollama

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body))
        self.server.names.add(self.headers["Host"])
        self.server.tokens.add(self.headers.get("Authorization", ""))
        if self.path != "/api/chat" or body["model"] != MODEL:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(int(body["options"]["num_predict"])):
            self._say({"model": MODEL, "message": {"role": "assistant", "content": "stable "}, "done": False})
            time.sleep(_TOKEN_S)
        self._say(
            {"model": MODEL, "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "length"}
        )
        self.wfile.write(b"0\r\n\r\n")

    def _say(self, event: dict[str, object]) -> None:
        line = json.dumps(event).encode() + b"\n"
        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def ollama(address: str) -> Iterator[Ollama]:
    """The server, while it is needed."""
    with Ollama(address) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
