"""Plain HTTP only redirects to HTTPS, which tells browsers to stay there (45 CFR 164.312(e)(1); RFC 6797 section 7)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.http._pages import pages_of
from checks.lab import EdgeFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Edge, Reply

_PERMANENT = (301, 308)
_SENT = 'add_header Strict-Transport-Security "max-age=31536000; includeSubDomains; preload" always;'
_REDIRECT = "return 301 https://"


def _edge_without_hsts(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={_SENT: ""}))


def _edge_with_short_hsts(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={"max-age=31536000;": "max-age=300;"}))


def _edge_without_hsts_on_errors(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={_SENT: _SENT.replace(" always;", ";")}))


def _edge_that_serves_plain_http(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={_REDIRECT: "return 200 https://"}))


def _edge_that_redirects_to_plain_http(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={_REDIRECT: "return 301 http://"}))


def _edge_that_redirects_elsewhere(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={_REDIRECT: "return 301 https://login."}))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(e)(1)", "hipaa:164.312(e)(2)(ii)"),
    violations=(
        _edge_without_hsts,
        _edge_with_short_hsts,
        _edge_without_hsts_on_errors,
        _edge_that_serves_plain_http,
        _edge_that_redirects_to_plain_http,
        _edge_that_redirects_elsewhere,
    ),
)
def hsts_sent_and_plain_http_redirected(edge: Edge, policy: Policy) -> Iterator[Finding]:
    """The redirect of every path over HTTP, and the header of every path over HTTPS, errors included."""
    for path in pages_of(edge):
        yield _redirected(edge, path, edge.get(path, tls=False))
        yield _pinned(edge, path, edge.get(path), policy.tls.hsts_seconds)


def _redirected(edge: Edge, path: str, seen: Reply) -> Finding:
    location = seen.headers.get("location", "")
    target = re.fullmatch(r"https://([^/:?#]+)(?::\d+)?(/.*)?", location)
    home = target is not None and target[1].lower() == edge.server_name.lower()
    where = f" to {location.partition('?')[0]}" if location else ""
    return Finding(
        subject=f"http://{edge.server_name}{path}",
        ok=seen.status in _PERMANENT and home,
        message=f"answers {seen.status}{where}",
        remedy="answer every plain HTTP request with a permanent redirect (301 or 308) to https of the same name",
    )


def _pinned(edge: Edge, path: str, seen: Reply, least_s: int) -> Finding:
    header = seen.headers.get("strict-transport-security", "")
    age = re.search(r'(?i)(?:^|;)\s*max-age\s*=\s*"?(\d+)"?\s*(?:;|$)', header)
    return Finding(
        subject=f"https://{edge.server_name}{path}",
        # RFC 6797 section 8.1: of two headers a browser obeys the first; a comma means that two were sent.
        ok=age is not None and int(age[1]) >= least_s and "," not in header,
        message=f"answers {seen.status} with Strict-Transport-Security: {header or 'none'}",
        remedy=f"send Strict-Transport-Security once, max-age at least {least_s} s, on errors too (nginx: always)",
    )
