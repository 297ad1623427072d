"""A webhook hears of a run by HTTPS, in bounded time; one that does not changes no verdict, and its URL is not told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from fixtures.stack.certificates import CertificateAuthority
from reports.notify import NotifyError, Webhook, read_webhook, report_message
from suites.unit.own_code.gated import gated
from suites.unit.own_code.signed_clinic import signed_clinic
from suites.unit.public_faults.edges import server_context
from suites.unit.reports.report_samples import document

LAST_PART = "T0KEN-of-the-webhook"


@dataclass
class WebhookReceiver:
    """A webhook of the test: what it is sent, and what it answers."""

    port: int = 0
    status: int = 200
    wait_s: float = 0.0
    heard: list[dict[str, object]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """With its only secret in the path, as Slack has it."""
        return f"https://127.0.0.1:{self.port}/services/{LAST_PART}"


@contextmanager
def _receiving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, trusted: bool = True) -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver()

    class _Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            time.sleep(receiver.wait_s)
            self.send_response(receiver.status)
            if receiver.status in (301, 308):
                self.send_header("Location", f"https://127.0.0.1:{receiver.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    authority = CertificateAuthority(tmp_path / "ca")
    context = server_context(authority.issue("hook", tmp_path, names=("127.0.0.1",)))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    if trusted:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.certificate))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _webhook(receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch) -> Webhook:
    monkeypatch.setenv("GATE_WEBHOOK", receiver.url)
    return read_webhook("env:GATE_WEBHOOK")


def test_a_webhook_hears_what_was_decided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line for people, fields for programs, and the digest of the very report."""
    with _receiving(tmp_path, monkeypatch) as receiver:
        assert _webhook(receiver, monkeypatch).tell(report_message(document(failing=True), "a" * 64)) == ""
    (heard,) = receiver.heard
    assert heard["text"] == "REJECTED: gate of reference stack, score 25.0 of 100, run run-1"
    assert (heard["decision"], heard["run_id"], heard["report_sha256"]) == ("REJECTED", "run-1", "a" * 64)
    assert heard["open"] == ["room/legacy_protocols_refused", "score", "room/hsts_sent"]


@pytest.mark.parametrize(
    ("status", "said"), [(500, "it answers 500"), (308, "it answers 308"), (404, "it answers 404")]
)
def test_what_a_webhook_refuses_is_said(
    status: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is followed nowhere: that might be without TLS."""
    with _receiving(tmp_path, monkeypatch) as receiver:
        receiver.status = status
        told = _webhook(receiver, monkeypatch).tell({"text": "x"})
    assert told == f"the webhook at 127.0.0.1:{receiver.port} was not told: {said}"
    assert len(receiver.heard) == 1


def test_a_webhook_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _receiving(tmp_path, monkeypatch) as receiver:
        receiver.wait_s = 3
        began = time.monotonic()
        told = _webhook(receiver, monkeypatch).tell({"text": "x"}, timeout_s=0.5)
        assert time.monotonic() - began < 2.5
    assert "did not answer within 0.5 s" in told


def test_a_webhook_that_nobody_vouches_for_hears_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _receiving(tmp_path, monkeypatch, trusted=False) as receiver:
        told = _webhook(receiver, monkeypatch).tell({"text": "x"})
    assert (receiver.heard, "its certificate is not trusted" in told) == ([], True)


def test_nobody_there_is_said_without_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    told = _webhook(WebhookReceiver(port=1), monkeypatch).tell({"text": "x"})
    assert told.startswith("the webhook at 127.0.0.1:1 was not told: it cannot be reached")
    assert LAST_PART not in told
    assert LAST_PART not in repr(_webhook(WebhookReceiver(port=1), monkeypatch))


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (f"http://hooks.test/{LAST_PART}", 0o600, "holds no https:// URL"),
        (f"https:///{LAST_PART}", 0o600, "holds no https:// URL"),
        (f"https://hooks.test:port/{LAST_PART}", 0o600, "it is no URL"),
        ("", 0o600, "has nothing in it"),
        (f"https://hooks.test/{LAST_PART}", 0o644, "can be read by others: chmod 600"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_at_the_start(content: str, mode: int, said: str, tmp_path: Path) -> None:
    path = tmp_path / "webhook"
    path.write_text(f"{content}\n")
    path.chmod(mode)
    with pytest.raises(NotifyError, match=said) as refusal:
        read_webhook(f"file:{path}")
    assert LAST_PART not in str(refusal.value)


def test_a_run_ends_as_it_would_whether_its_webhook_hears_it_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told with 500, the same exit code as without; what is said names the host, and nothing of the URL is kept."""
    (tmp_path / "clinic").mkdir()
    with _receiving(tmp_path, monkeypatch) as receiver, signed_clinic(tmp_path / "clinic") as target:
        monkeypatch.setenv("GATE_WEBHOOK", receiver.url)
        receiver.status = 500
        build = tmp_path / "build"
        done = gated(
            f"--target={target}", f"--report-dir={build}", "--notify=env:GATE_WEBHOOK", "-k", "role_matrix_enforced"
        )
    assert done.returncode == 1, done.stdout  # a gate of one check is rejected
    assert f"the webhook at 127.0.0.1:{receiver.port} was not told: it answers 500" in done.stdout
    (heard,) = receiver.heard
    assert (heard["decision"], heard["run_id"]) == ("REJECTED", (build / "gate/latest").resolve().name)
    kept = [path for path in build.rglob("*") if path.is_file() and LAST_PART.encode() in path.read_bytes()]
    assert (kept, LAST_PART in done.stdout + done.stderr) == ([], False)
