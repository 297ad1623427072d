"""A small application that answers as a test says, and keeps what it was asked: a real server on loopback."""

from __future__ import annotations

import contextlib
import http.server
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from checks.application.codes import one_time_code
from fixtures.deployment.sections import AccountEntry

TOTP_SECRET = "JBSWY3DPEHPK3PXP"  # noqa: S105  of nobody
NURSE = AccountEntry(username="nurse.a", role="nurse", tenant="a", password="right", totp_secret="")  # noqa: S106


@dataclass(frozen=True)
class Asked:
    """A request as it came in; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    source: str
    certificate: bool

    def table(self) -> dict[str, str]:
        """Its body, a JSON object."""
        found: dict[str, str] = json.loads(self.body)
        return found


@dataclass(frozen=True)
class Answer:
    """What comes back."""

    status: int = 200
    json: object = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class Clinic:
    """The running application, and everything that it was asked."""

    base_url: str
    asked: list[Asked] = field(default_factory=list)

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [f"{each.method} {each.path}" for each in self.asked]


@contextlib.contextmanager
def clinic(answers: Callable[[Asked], Answer], tls: ssl.SSLContext | None = None) -> Iterator[Clinic]:
    """Serve until the end of the block; over TLS where a context is given."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            shown = isinstance(self.connection, ssl.SSLSocket) and bool(self.connection.getpeercert())
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, body, self.client_address[0], shown)
            served.asked.append(asked)
            answer = answers(asked)
            content = b"" if answer.json is None else json.dumps(answer.json).encode()
            self.send_response(answer.status)
            for name, value in (*answer.headers, ("Content-Length", str(len(content)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815  the base class names them so

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  the base class names it so
            del format, arguments

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128  # as many as a load may open at once

        def handle_error(self, request: object, client_address: object) -> None:
            del request, client_address  # refused handshakes are what is tested

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    served = Clinic(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class SecondFactor:
    """A log-in with password and one-time code, each code good once, as RFC 6238 section 5.2 asks for.

    Args:
        used: codes that somebody else has used.
    """

    def __init__(self, used: frozenset[str] = frozenset(), lifetime_s: int = 1800) -> None:
        self._used, self._lifetime_s = set(used), lifetime_s

    def __call__(self, asked: Asked) -> Answer:
        """Answers ``POST /auth/login``, and everything else to whoever shows a token."""
        if asked.path != "/auth/login":
            return Answer() if asked.headers.get("authorization", "").startswith("Bearer token-") else Answer(401)
        said = asked.table()
        code = said.get("totp", "")
        valid = {one_time_code(TOTP_SECRET, time.time() + away) for away in (-30, 0, 30)}
        good = said["password"] == NURSE.password and code in valid
        if not good or code in self._used:
            return Answer(401)
        self._used.add(code)
        return Answer(json={"access_token": f"token-{len(self._used)}", "expires_in": self._lifetime_s})
