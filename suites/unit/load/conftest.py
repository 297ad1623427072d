"""Real servers that a load goes to, and a profile that is soon over."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import REPOSITORY
from fixtures.hosts import process as proc
from fixtures.hosts.loopback import LoopbackHost
from fixtures.hosts.ports import free_port
from fixtures.stack.certificates import CertificateAuthority
from fixtures.wait import wait_for
from suites.unit.load.load_command import ADDRESS

PROFILE = """
[short]
users = 20
think_s = [0.1, 0.3]
seconds = 2
timeout_s = 5
output_tokens = [4, 8]
roles = { clinician = 0.7, nurse = 0.3 }
"""


@pytest.fixture
def server_host(tmp_path: Path) -> LoopbackHost:
    return LoopbackHost("server", ADDRESS, tmp_path / "server", "unit-load-cli")


@pytest.fixture
def short(tmp_path: Path) -> str:
    """A profile of one's own."""
    path = tmp_path / "short.toml"
    path.write_text(PROFILE)
    return str(path)


@pytest.fixture
def page(server_host: LoopbackHost) -> Iterator[str]:
    """A real nginx with a page, a redirection to where nothing is, and a door that is shut to everybody."""
    port = free_port(ADDRESS)
    server = _nginx(
        server_host,
        f"listen {ADDRESS}:{port};\n"
        "location /moved { return 302 http://127.77.2.99/; }\n"
        "location /auth { return 403; }\n"
        "location / { return 200 ok; }",
    )
    _answering(port)
    yield f"http://{ADDRESS}:{port}"
    server.kill()


@pytest.fixture
def model_server(server_host: LoopbackHost, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server that speaks as OpenAI's does, behind TLS, and its authority."""
    authority = CertificateAuthority(tmp_path / "ca")
    pair = authority.issue("ward", tmp_path / "tls", names=(ADDRESS,))
    plain, port = free_port(ADDRESS), free_port(ADDRESS)
    argv = [sys.executable, "-m", "fixtures.lab.load.faulty_server", ADDRESS, str(plain), "{}"]
    ward = server_host.spawn(argv, service="ward", env={"PYTHONPATH": str(REPOSITORY)})
    front = _nginx(
        server_host,
        f"listen {ADDRESS}:{port} ssl; ssl_certificate {pair.certificate}; ssl_certificate_key {pair.key};\n"
        f"location / {{ proxy_pass http://{ADDRESS}:{plain}; proxy_buffering off; }}",
    )
    _answering(plain)
    _answering(port)
    yield f"https://{ADDRESS}:{port}/v1", authority.certificate
    front.kill()
    ward.kill()


def _nginx(host: LoopbackHost, server: str) -> proc.Process:
    place = host.directory
    temporary = " ".join(f"{k}_temp_path {place}/{k};" for k in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (place / "nginx.conf").write_text(
        f"daemon off; pid {place}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {temporary} server {{ {server} }} }}\n"
    )
    return host.spawn(["nginx", "-e", "stderr", "-p", str(place), "-c", "nginx.conf"], service="nginx")


def _answering(port: int) -> None:
    def connects() -> bool:
        with socket.create_connection((ADDRESS, port), timeout=1):
            return True

    wait_for(connects, what="the server answers", timeout_s=20)
