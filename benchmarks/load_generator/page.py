"""A page that costs its server next to nothing: nginx's own, over TLS with keep-alive."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fixtures.hosts.loopback import LoopbackHost
from fixtures.hosts.ports import free_port
from fixtures.stack.certificates import CertificateAuthority
from fixtures.wait import wait_for

_ADDRESS, NAME = "127.0.0.1", "page.test"


@dataclass(frozen=True)
class Page:
    """Where it is served, and the PEM file of the authority that its certificate comes from."""

    url: str
    ca: Path


@contextlib.contextmanager
def static_page(place: Path, run_id: str) -> Iterator[Page]:
    """Serve it while the block runs, by one process."""
    host = LoopbackHost("page", _ADDRESS, place / "page", run_id)
    authority = CertificateAuthority(place / "ca")
    pair = authority.issue("page", host.directory, names=(NAME, _ADDRESS))
    port = free_port(_ADDRESS)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {host.directory}/{kind};" for kind in kinds)
    configuration = host.directory / "nginx.conf"
    configuration.write_text(f"""
        daemon off; pid {host.directory}/nginx.pid; error_log stderr; worker_processes 1; worker_rlimit_nofile 8192;
        events {{ worker_connections 4096; }}
        http {{
          access_log off; keepalive_requests 1000000000; {temporary}
          server {{
            listen {_ADDRESS}:{port} ssl backlog=4096;
            ssl_certificate {pair.certificate}; ssl_certificate_key {pair.key};
            return 200 ok;
          }}
        }}
    """)
    argv = ["nginx", "-e", "stderr", "-p", str(host.directory), "-c", str(configuration)]
    server = host.spawn(argv, service="nginx")
    try:
        wait_for(lambda: _answers(port), what="nginx answers", timeout_s=10)
        yield Page(f"https://{_ADDRESS}:{port}", authority.certificate)
    finally:
        server.stop()


def _answers(port: int) -> bool:
    with socket.create_connection((_ADDRESS, port), timeout=1):
        return True
