"""TLS before a program that has none of its own: nginx on the same host, which reaches it by loopback or a socket
file.
"""

from __future__ import annotations

import base64
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from examples.common.program import Launch, Premises, Program
from fixtures.hosts import Host
from fixtures.services.edge import CIPHERS, worker_account
from fixtures.stack.certificates import KeyPair

PORT = 8443
SERVER_NAME = "images.clinic.test"


@dataclass(frozen=True)
class KnownCaller:
    """A host that may call, known by its certificate.

    Args:
        paths: what it may ask for, as a regular expression.
        authorization: the header by which the program knows it.
    """

    host: str
    paths: str
    authorization: str = field(repr=False)


def edge_pair(premises: Premises) -> KeyPair:
    """The certificate of the front door, which it shows to clients and to the programs behind it."""
    return premises.pair(premises.host("edge"), "", SERVER_NAME)


def basic(user: str, secret: str) -> str:
    """The value of a header ``Authorization`` (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{secret}'.encode()).decode()}"


def front(
    premises: Premises, host: Host, upstream: str, probe: Callable[[], bool], callers: Sequence[KnownCaller] = ()
) -> Program:
    """The nginx.

    Args:
        upstream: what it passes requests to, as in ``proxy_pass``'s ``upstream``.
        callers: who may call; empty leaves that to the program, which then asks for a key.
    """
    directory = host.directory / "front"
    path = directory / "nginx.conf"

    def configure() -> None:
        premises.write(
            "front.conf.j2",
            path,
            listen=f"{host.address}:{PORT}",
            pair=premises.pair(host),
            directory=directory,
            user=worker_account(host),
            ciphers=CIPHERS,
            upstream=upstream,
            callers=callers,
        )

    argv = ("nginx", "-e", "stderr", "-p", str(directory), "-c", str(path))
    return Program(f"{host.name}-front", host, Launch(argv), configure, probe, signal.SIGQUIT)
