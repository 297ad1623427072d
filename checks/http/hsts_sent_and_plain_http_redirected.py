"""Plain HTTP only redirects to HTTPS, which tells browsers to stay there (45 CFR 164.312(e)(1); RFC 6797 section 7).

An edge that takes no plain connections at all has nothing to redirect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

from checks.http._pages import pages_of, url
from checks.lab import EdgeFlaws, Lab
from checks.looking import every
from checks.model import Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Edge, EdgeAddress, PlainAddress, Reply

_PERMANENT = (301, 308)
_SENT = 'add_header Strict-Transport-Security "max-age=31536000; includeSubDomains; preload" always;'
_REDIRECT = "return 301 https://"
# RFC 6797 section 6.1, RFC 9110 section 5.6: a name, and a value that is a token or a quoted string.
_DIRECTIVE = re.compile(r"\s*([^\s=;\",]+)(?:\s*=\s*(?:([^\s;\",]+)|\"((?:[^\"\\]|\\.)*)\"))?\s*")


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


def _edge_that_serves_plain_http_at_its_second_address(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(at_second_address=EdgeFlaws(replace={_REDIRECT: "return 200 https://"})))


def _edge_whose_hsts_is_taken_back(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={"max-age=31536000;": "max-age=31536000; max-age=0;"}))


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
        _edge_that_serves_plain_http_at_its_second_address,
        _edge_whose_hsts_is_taken_back,
    ),
)
def hsts_sent_and_plain_http_redirected(edge: Edge, policy: Policy) -> Iterator[Finding]:
    """The redirect of every path over HTTP, and the header of every path over HTTPS, errors included."""
    plain = [partial(_redirects, edge, at) for at in edge.plain_addresses()]
    yield from every([*plain, *(partial(_pins, edge, at, policy.tls.hsts_seconds) for at in edge.addresses())])


def _redirects(edge: Edge, at: PlainAddress) -> Iterator[Finding]:
    where = f" at {at.address}" if len(edge.plain_addresses()) > 1 else ""
    for path in pages_of(edge):
        seen = at.get(path)
        if seen is None:
            message = f"nothing takes connections at {at.address}: the edge speaks HTTPS only"
            yield Finding(subject=f"http://{edge.server_name}{where}", ok=True, message=message)
            return
        yield _redirected(f"http://{edge.server_name}{path}{where}", edge.server_name, seen)


def _redirected(subject: str, server_name: str, seen: Reply) -> Finding:
    location = seen.headers.get("location", "")
    where = f" to {location.partition('?')[0]}" if location else ""
    return Finding(
        subject=subject,
        ok=seen.status in _PERMANENT and _is_home(location, server_name),
        message=f"answers {seen.status}{where}",
        remedy="answer every plain HTTP request with a permanent redirect (301 or 308) to https of the same name",
    )


def _is_home(location: str, server_name: str) -> bool:
    try:
        parts = urlsplit(location)
    except ValueError:
        return False
    return parts.scheme == "https" and (parts.hostname or "").rstrip(".") == server_name.lower().strip("[]").rstrip(".")


def _pins(edge: Edge, at: EdgeAddress, least_s: int) -> Iterator[Finding]:
    for path in pages_of(edge):
        seen = at.get(path)
        header = seen.headers.get("strict-transport-security", "")
        age = _max_age(header)
        yield Finding(
            subject=url(edge, at, path),
            ok=age is not None and age >= least_s,
            message=f"answers {seen.status} with Strict-Transport-Security: {header or 'none'}",
            remedy=f"send Strict-Transport-Security, max-age at least {least_s} s, on errors too (nginx: always)",
        )


def _max_age(header: str) -> int | None:
    """Seconds, or None of what a browser ignores: without the directive, with one twice, or not to the grammar.

    Sent twice it must be the same both times: RFC 6797 section 8.1 has browsers obey the first, and not all do.
    """
    first, *others = (part.strip() for part in header.split(","))
    if any(other != first for other in others):
        return None
    directives: dict[str, str] = {}
    for part in filter(str.strip, first.split(";")):
        found = _DIRECTIVE.fullmatch(part)
        if found is None or found[1].lower() in directives:
            return None
        directives[found[1].lower()] = found[2] or found[3] or ""
    age = directives.get("max-age", "")
    return int(age) if age.isascii() and age.isdigit() else None
