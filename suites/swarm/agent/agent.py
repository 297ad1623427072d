"""The agent of the drills: says its version and which key it was given; asked to end, it first finishes what it has.

A bad one answers 500 to everything, its readiness included.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DRAIN_S = 4.0  # for so long whoever knows the address still comes
VERSION = os.environ["VERSION"]
KEY = hashlib.sha256(Path("/run/secrets/agent_key").read_bytes()).hexdigest()[:8]


class AgentHandler(BaseHTTPRequestHandler):
    """One request to a connection."""

    def do_GET(self) -> None:
        """``/ready``, and whatever else."""
        body = f"{VERSION} {KEY} {socket.gethostname()}\n".encode()
        self.send_response(500 if VERSION == "bad" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


class AgentServer(ThreadingHTTPServer):
    """Finishes every request before it ends."""

    daemon_threads, request_queue_size = False, 64


def main() -> None:
    """Serve until SIGTERM."""
    server = AgentServer(("", 8000), AgentHandler)

    def drain() -> None:
        time.sleep(DRAIN_S)
        server.shutdown()

    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=drain).start())
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    main()
