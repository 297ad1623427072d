"""The rendered nginx.conf: accepted by nginx itself, and holding what the edge promises."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fixtures.certificates import CertificateAuthority
from fixtures.services.edge import CIPHERS, Upstream, render_nginx

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(shutil.which("nginx", path="/usr/sbin:/usr/bin") is None, reason="nginx is not installed"),
]
_ROUTERS = (Upstream("127.77.0.2:8443", "router1"), Upstream("127.77.0.3:8443", "router2"))


def _render(directory: Path, **arguments: object) -> str:
    authority = CertificateAuthority(directory / "ca")
    pair = authority.issue("edge", directory / "tls", names=("gate.clinic.test",))
    values = {
        "listen_https": "127.77.0.1:8443", "listen_http": "127.77.0.1:8080", "certificate": pair.certificate,
        "key": pair.key, "ca": authority.certificate, "directory": directory, "exempt_network": "127.77.12.0/24",
        "routers": _ROUTERS,
    }  # fmt: skip
    return render_nginx(**(values | arguments))  # type: ignore[arg-type]


def _accepted(directory: Path, text: str) -> subprocess.CompletedProcess[str]:
    (directory / "nginx.conf").write_text(text)
    argv = ["nginx", "-e", "stderr", "-p", str(directory), "-c", str(directory / "nginx.conf"), "-t"]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env={"PATH": "/usr/sbin:/usr/bin"})


@pytest.mark.parametrize("static", [False, True])
def test_nginx_accepts_the_configuration(tmp_path: Path, *, static: bool) -> None:
    seen = _accepted(tmp_path, _render(tmp_path, static=static, routers=() if static else _ROUTERS))
    assert (seen.returncode, "[warn]" in seen.stderr) == (0, False), seen.stderr


def test_nginx_refuses_it_when_a_directive_is_broken(tmp_path: Path) -> None:
    text = _render(tmp_path).replace("limit_req_status 429;", "limit_req_status soon;")
    seen = _accepted(tmp_path, text)
    assert seen.returncode == 1
    assert '"limit_req_status" directive invalid number' in seen.stderr


def test_every_location_with_a_header_of_its_own_repeats_the_security_headers(tmp_path: Path) -> None:
    blocks = re.findall(r"location [^{]*\{(.*?)\n        \}", _render(tmp_path), re.DOTALL)
    with_headers = [block for block in blocks if "add_header" in block]
    assert len(with_headers) == 1
    assert all("Strict-Transport-Security" in block for block in with_headers)


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
