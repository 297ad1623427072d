"""Edges for a test: of the lab, or of a few lines over a plain socket; and what a check says of one."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checks.catalogue import catalogue
from checks.evaluate import evaluate
from checks.model import Result
from checks.policy import load_policy
from fixtures.lab.builders import LabBuilder
from fixtures.lab.laboratory import Laboratory
from fixtures.stack.certificates import KeyPair

NAME = "gate.clinic.test"
NEEDS_NGINX = pytest.mark.skipif(
    shutil.which("nginx", path="/usr/sbin:/usr/bin") is None, reason="nginx is not installed"
)
Talk = Callable[[socket.socket], None]


@contextlib.contextmanager
def lab() -> Iterator[LabBuilder]:
    """A lab with one bench, gone afterwards."""
    laboratory = Laboratory()
    try:
        with laboratory.bench() as bench:
            yield LabBuilder(bench)
    finally:
        laboratory.close()


def verdict(target: object, identity: str) -> Result:
    """What a check says of a target, by the default policy."""
    rule = next(rule for rule in catalogue() if rule.id == identity)
    return evaluate(rule, lambda _: target, load_policy("default"), target="a test")


def broken(result: Result) -> list[str]:
    """Subject and message of every finding that is not ok."""
    return [f"{finding.subject}: {finding.message}" for finding in result.broken]


@contextlib.contextmanager
def serving(talk: Talk, address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A server on a plain socket that talks with every connection as told, side by side; gives its port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, port), family=family, backlog=128)
    held: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, ValueError):
            talk(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                held.append(connection)
                threads.append(threading.Thread(target=one, args=(connection,)))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        for wire in (listener, *held):
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)  # wakes who waits for it
        listener.close()
        for thread in (accepting, *threads):
            thread.join()


def server_context(pair: KeyPair) -> ssl.SSLContext:
    """TLS 1.2 and 1.3 with a certificate, and sound suites only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ECDHE+AESGCM")
    context.load_cert_chain(pair.certificate, pair.key)
    return context


def answering(answer: bytes, context: ssl.SSLContext | None = None) -> Talk:
    """Gives the same answer to every request, with TLS or without."""

    def talk(connection: socket.socket) -> None:
        connection.settimeout(5)
        wire = context.wrap_socket(connection, server_side=True) if context else connection
        with wire:
            if wire.recv(65_536):
                wire.sendall(answer)

    return talk


def written(directory: Path, text: str) -> Path:
    """A file with a text."""
    path = directory / "target.toml"
    path.write_text(text)
    return path
