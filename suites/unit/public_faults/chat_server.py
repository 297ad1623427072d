"""A model server on a thread that sends the streams that it is told to, and a load of chats on it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from checks.targets import Latencies, Load
from fixtures.hosts.loopback import LoopbackHost
from fixtures.targets.load.target import send
from loadtests.generator.spec import LoadSpec
from loadtests.schedules.profiles import make_profile


@dataclass(frozen=True)
class ScriptedAnswer:
    """One answer: its pieces, the pause before each, and whether the connection's end is its own."""

    pieces: tuple[bytes, ...]
    pause_s: float = 0.0
    status: int = 200
    close_delimited: bool = False


class ChatServer(ThreadingHTTPServer):
    """Answers the chat with a number, counted from 0, as told, and all else with 200; ``asked`` keeps the bodies."""

    daemon_threads = True

    def __init__(self, answer: Callable[[int, dict[str, object]], ScriptedAnswer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.asked, self.lock = answer, list[dict[str, object]](), threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ChatServer

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            number = len(self.server.asked)
            self.server.asked.append(body)
        answer = self.server.answer(number, body)
        self.send_response(answer.status)
        if answer.close_delimited:
            self.send_header("Connection", "close")
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in answer.pieces:
            time.sleep(answer.pause_s)
            self.wfile.write(piece if answer.close_delimited else f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if not answer.close_delimited:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def chat_server(answer: Callable[[int, dict[str, object]], ScriptedAnswer]) -> Iterator[ChatServer]:
    """The server, while it is needed."""
    with ChatServer(answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def chats(server: ChatServer, place: Path, dialect: str = "openai", rate: float = 40.0) -> Load:
    """A second of chats, all of them measured."""
    profile = make_profile(
        {
            "name": "chats",
            "users": 4,
            "think_s": (2 / rate, 6 / rate),
            "seconds": 1.5,
            "timeout_s": 5,
            "output_tokens": (4, 4),
            "roles": {"clinician": 1.0},
        }
    )
    spec = LoadSpec.model_validate(
        {"target": "chats", "base_url": server.url, "dialect": dialect, "profile": profile, "seed": 1}
    )
    load = send(LoopbackHost("client", "127.0.0.1", place, "unit-public-faults"), spec)
    assert (load.complete, load.problem) == (True, "")
    return load


def kind_of(load: Load, part: str = "") -> Latencies:
    """The chats, or a time inside them; empty when it was not recorded."""
    name = f"inference.chat{part and f':{part}'}"
    return next((kind for kind in load.kinds if kind.kind == name), Latencies(name, (), (), {}))


def event(table: object) -> bytes:
    """A server-sent event of JSON."""
    return f"data: {json.dumps(table)}\n\n".encode()


def delta(finish_reason: str | None = None, **message: object) -> bytes:
    """An event of a chat completion."""
    return event({"choices": [{"index": 0, "delta": message, "finish_reason": finish_reason}]})


def line(table: object) -> bytes:
    """A line of Ollama's."""
    return json.dumps(table).encode() + b"\n"


def usage(tokens: int, **details: int) -> bytes:
    """The event that tells how many tokens an answer had."""
    counts = {"completion_tokens": tokens, "completion_tokens_details": details or None}
    return event({"choices": [], "usage": counts})


DONE = b"data: [DONE]\n\n"
