"""Tell a webhook what came of a run. Whether it hears of it changes nothing of the verdict.

The URL of a webhook often is its only secret: it is read from the environment or from a file, and nothing but its host
is ever shown. The message has a ``text``, which Slack, Mattermost and Teams show, and fields for programs.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

from reports.document import ReportDocument
from reports.secret_source import SecretSourceError, read_secret

TIMEOUT_S = 15.0
_CONNECT_S = 5.0
_OK = range(200, 300)


class NotifyError(Exception):
    """There is no webhook to tell; the message says what to mend, and never the URL."""


@dataclass(frozen=True)
class Webhook:
    """Where to send what came of a run. ``host`` is what may be shown of it."""

    host: str
    url: str = field(repr=False)

    def tell(self, message: Mapping[str, object], *, timeout_s: float = TIMEOUT_S) -> str:
        """Send a message, within a time limit.

        Returns:
            Why it was not taken, in one sentence; empty when it was.
        """
        problems = [f"it did not answer within {timeout_s:g} s"]
        # A server may send a byte now and then for ever: only a thread that is left behind bounds that.
        thread = threading.Thread(target=self._post, args=(message, timeout_s, problems), daemon=True)
        thread.start()
        thread.join(timeout_s)
        return f"the webhook at {self.host} was not told: {problems[0]}" if problems else ""

    def _post(self, message: Mapping[str, object], timeout_s: float, problems: list[str]) -> None:
        waits = (min(_CONNECT_S, timeout_s), timeout_s)
        try:
            with requests.post(self.url, json=message, timeout=waits, allow_redirects=False, stream=True) as answer:
                status = answer.status_code
        except requests.exceptions.SSLError:
            problems[:] = ["its certificate is not trusted, or it speaks no TLS"]
        except requests.exceptions.Timeout:
            pass  # as it is said beforehand
        except (requests.RequestException, OSError, ValueError) as problem:
            problems[:] = [f"it cannot be reached ({type(problem).__name__})"]  # their words would quote the URL
        else:
            problems[:] = [] if status in _OK else [f"it answers {status}"]


def read_webhook(source: str) -> Webhook:
    """The webhook whose URL stands where ``source`` says.

    Args:
        source: as `reports.secret_source.read_secret` takes it.

    Raises:
        NotifyError: there is none, others can read it, or it is no HTTPS URL.
    """
    try:
        url = read_secret(source)
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except (SecretSourceError, ValueError) as problem:
        said = str(problem) if isinstance(problem, SecretSourceError) else "it is no URL"
        msg = f"--notify: {said}"
        raise NotifyError(msg) from None  # a ValueError quotes the URL
    if parts.scheme != "https" or not host:
        msg = f"--notify: {source} holds no https:// URL"
        raise NotifyError(msg)
    return Webhook(host if port is None else f"{host}:{port}", url)


def report_message(document: ReportDocument, digest: str) -> dict[str, object]:
    """What is told of a report; ``digest`` is the SHA-256 of its envelope."""
    identity = document.identity
    text = f"{document.decision.value}: {identity.kind} of {identity.name}, score {document.score:.1f} of 100"
    return {
        "text": f"{text}, run {identity.run_id}",
        "kind": identity.kind,
        "target": identity.name,
        "system_id": identity.system_id,
        "policy": identity.policy,
        "decision": document.decision.value,
        "score": document.score,
        "run_id": identity.run_id,
        "ended": identity.ended.isoformat(),
        "report_sha256": digest,
        "open": [ground.subject for ground in (*document.rejections, *document.conditions)],
    }


def no_report_message(kind: str, target: str, run_id: str, problem: str) -> dict[str, object]:
    """What is told of a run that has no report; ``decision`` is empty."""
    return {
        "text": f"NO REPORT: {kind} of {target}, run {run_id}: {problem}",
        "kind": kind,
        "target": target,
        "decision": "",
        "run_id": run_id,
    }
