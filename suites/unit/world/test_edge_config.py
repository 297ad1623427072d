"""The rendered nginx.conf: accepted by nginx itself, and holding what the edge promises."""

from __future__ import annotations

import contextlib
import http.client
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.hosts.ports import free_port
from fixtures.services.edge import CIPHERS, EdgeTls, Upstream, UpstreamGroup, render_nginx
from fixtures.stack.certificates import CertificateAuthority
from fixtures.wait import wait_for

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(shutil.which("nginx", path="/usr/sbin:/usr/bin") is None, reason="nginx is not installed"),
]
_ROUTERS = (Upstream("127.77.0.2:8443", "router1"), Upstream("127.77.0.3:8443", "router2"))
_GROUP = UpstreamGroup(_ROUTERS)


def _render(
    directory: Path,
    upstreams: UpstreamGroup | None = _GROUP,
    listen_https: str = "127.77.0.1:8443",
    listen_http: str = "127.77.0.1:8080",
) -> str:
    authority = CertificateAuthority(directory / "ca")
    pair = authority.issue("edge", directory / "tls", names=("gate.clinic.test",))
    return render_nginx(
        listen_https=listen_https,
        listen_http=listen_http,
        tls=EdgeTls(pair, authority.certificate),
        directory=directory,
        exempt_network="127.77.12.0/24",
        upstreams=upstreams,
    )


def _accepted(directory: Path, text: str) -> subprocess.CompletedProcess[str]:
    (directory / "nginx.conf").write_text(text)
    argv = ["nginx", "-e", "stderr", "-p", str(directory), "-c", str(directory / "nginx.conf"), "-t"]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env={"PATH": "/usr/sbin:/usr/bin"})


@pytest.mark.parametrize("static", [False, True])
def test_nginx_accepts_the_configuration(tmp_path: Path, *, static: bool) -> None:
    seen = _accepted(tmp_path, _render(tmp_path, None if static else _GROUP))
    assert (seen.returncode, "[warn]" in seen.stderr) == (0, False), seen.stderr


def test_nginx_refuses_it_when_a_directive_is_broken(tmp_path: Path) -> None:
    text = _render(tmp_path).replace("limit_req_status 429;", "limit_req_status soon;")
    seen = _accepted(tmp_path, text)
    assert seen.returncode == 1
    assert '"limit_req_status" directive invalid number' in seen.stderr


def test_no_location_has_a_header_of_its_own(tmp_path: Path) -> None:
    """One add_header in a location drops every header that it would have inherited, the security headers first."""
    blocks = re.findall(r"location [^{]*\{(.*?)\n        \}", _render(tmp_path), re.DOTALL)
    assert len(blocks) > 5
    assert [block for block in blocks if "add_header" in block] == []


def test_inferences_have_places_of_their_own(tmp_path: Path) -> None:
    """So that they cannot take those of everything else."""
    text = _render(tmp_path, UpstreamGroup(_ROUTERS, per_router=9, inferences_per_router=5))
    groups = dict(re.findall(r"upstream (\w+) \{(.*?)\}", text, re.DOTALL))
    assert {group: re.findall(r"max_conns=(\d+)", block) for group, block in groups.items()} == {
        "routers": ["9", "9"],
        "inference": ["5", "5"],
    }
    paths = re.findall(r"location (\S+ ?/?\S*) \{[^{}]*?proxy_pass https://(\w+);", text)
    assert {path for path, group in paths if group == "inference"} == {"/v1/", "/api/"}
    assert ("/", "routers") in paths


@pytest.mark.parametrize(("taken", "status", "retry_after"), [(False, 503, "1"), (True, 502, None)])
def test_a_write_that_no_router_took_is_refused_and_one_that_was_cut_off_is_not(
    tmp_path: Path, *, taken: bool, status: int, retry_after: str | None
) -> None:
    """Who is told 503 may come back: nothing was done. After 502 nobody knows."""
    with socket.create_server(("127.0.0.1", 0)) as router:
        address, port = f"127.0.0.1:{router.getsockname()[1]}", free_port()
        if taken:
            threading.Thread(target=_cut_off, args=(router,), daemon=True).start()
        else:
            router.close()
        text = _render(
            tmp_path,
            UpstreamGroup([Upstream(address, "router1")]),
            listen_https=f"127.0.0.1:{port}",
            listen_http=f"127.0.0.1:{free_port()}",
        )
        with _nginx(tmp_path, text.replace("proxy_pass https:", "proxy_pass http:")):
            answer = _post(tmp_path / "ca", port)
    assert (answer.status, answer.getheader("Retry-After")) == (status, retry_after)
    assert answer.getheader("X-Frame-Options") == "DENY"


def _cut_off(router: socket.socket) -> None:
    connection, _ = router.accept()
    connection.recv(65536)
    connection.close()


@contextlib.contextmanager
def _nginx(directory: Path, text: str) -> Iterator[None]:
    (directory / "nginx.conf").write_text(text)
    argv = ["nginx", "-e", "stderr", "-p", str(directory), "-c", str(directory / "nginx.conf")]
    with subprocess.Popen(argv, env={"PATH": "/usr/sbin:/usr/bin"}) as process:
        try:
            yield
        finally:
            process.terminate()


def _post(authority: Path, port: int) -> http.client.HTTPResponse:
    context = ssl.create_default_context(cafile=CertificateAuthority(authority).certificate)
    context.check_hostname = False

    def ask() -> http.client.HTTPResponse:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
        try:
            connection.request("POST", "/patients", b"{}")
            answer = connection.getresponse()
            answer.read()
            return answer
        finally:
            connection.close()

    return wait_for(ask, what="nginx answers", timeout_s=10, swallow=(ConnectionRefusedError,))


def test_every_cipher_is_known_to_openssl(tmp_path: Path) -> None:
    del tmp_path
    listed = subprocess.run(["openssl", "ciphers", CIPHERS], capture_output=True, text=True, check=True)
    assert set(CIPHERS.split(":")) <= set(listed.stdout.strip().split(":"))


def test_the_log_holds_no_query_string_and_no_body(tmp_path: Path) -> None:
    log_format = re.search(r"log_format access(.*?);", _render(tmp_path), re.DOTALL)
    assert log_format is not None
    assert not re.search(r"\$(request|request_uri|args|query_string|http_referer|request_body)\b", log_format[1])


def test_a_router_must_carry_its_own_name(tmp_path: Path) -> None:
    text = _render(tmp_path)
    assert '"~(?:^|, )127\\.77\\.0\\.3:8443$" router2;' in text
    assert "proxy_ssl_verify on;" in text
