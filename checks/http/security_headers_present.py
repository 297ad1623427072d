"""Every answer of the edge carries sound security headers (45 CFR 164.312(e)(1); OWASP Secure Headers Project).

nginx drops the headers of the server block wherever a location adds one of its own, so locations are asked one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from checks.http._pages import pages_of
from checks.lab import EdgeFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Edge

_EXACT = {"x-content-type-options": ("nosniff",), "x-frame-options": ("deny", "sameorigin")}
_REFERRER = ("no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin")
_POLICY = "default-src 'none'; frame-ancestors 'none'"
_VERSION = re.compile(r"/\d")


def _edge_whose_location_drops_headers(lab: Lab) -> Edge:
    return lab.build(
        EdgeFlaws(replace={"location = /auth/login {": 'location = /auth/login { add_header X-Area "login" always;'})
    )


def _edge_with_unsafe_inline_policy(lab: Lab) -> Edge:
    return lab.build(
        EdgeFlaws(replace={_POLICY: "default-src 'self'; script-src 'self' 'unsafe-inline'; frame-ancestors 'none'"})
    )


def _edge_with_policy_without_default(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={_POLICY: "img-src 'self'"}))


def _edge_that_lets_types_be_guessed(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={'add_header X-Content-Type-Options "nosniff" always;': ""}))


def _edge_that_tells_its_version(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={"server_tokens off;": "server_tokens on;"}))


@check(
    gate=Gate.SECURITY,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.312(e)(1)",),
    violations=(
        _edge_whose_location_drops_headers,
        _edge_with_unsafe_inline_policy,
        _edge_with_policy_without_default,
        _edge_that_lets_types_be_guessed,
        _edge_that_tells_its_version,
    ),
)
def security_headers_present(edge: Edge) -> Iterator[Finding]:
    """One finding per path, with everything that is missing from its answer."""
    for path in pages_of(edge):
        seen = edge.get(path)
        faults = list(_faults(seen.headers))
        yield Finding(
            subject=f"https://{edge.server_name}{path}",
            ok=not faults,
            message=f"answers {seen.status}: {'; '.join(faults) or 'all headers'}",
            remedy="set the headers with 'always' in the server block, and again in each location that adds its own",
        )


def _faults(headers: Mapping[str, str]) -> Iterator[str]:
    for name, allowed in _EXACT.items():
        if headers.get(name, "").strip().lower() not in allowed:
            yield f"{name} is '{headers.get(name, '')}'"
    # A list is a preference with fall-backs; a browser takes the last one that it knows.
    if headers.get("referrer-policy", "").rpartition(",")[2].strip().lower() not in _REFERRER:
        yield f"referrer-policy is '{headers.get('referrer-policy', '')}'"
    yield from _policy_faults(headers.get("content-security-policy", ""))
    if _VERSION.search(headers.get("server", "")) or "x-powered-by" in headers:
        yield "tells the version of its software"


def _policy_faults(policy: str) -> Iterator[str]:
    directives = {
        words[0].lower(): [word.lower() for word in words[1:]] for part in policy.split(";") if (words := part.split())
    }
    if not directives:
        yield "no content-security-policy"
        return
    script = directives.get("script-src", directives.get("default-src"))
    if script is None:
        yield "content-security-policy leaves scripts open: neither script-src nor default-src"
    elif "'unsafe-inline'" in script and not any(word.startswith(("'nonce-", "'sha")) for word in script):
        yield "content-security-policy allows 'unsafe-inline' scripts"
    elif {"*", "http:", "https:", "data:"} & set(script):
        yield "content-security-policy allows scripts from anywhere"
    if "frame-ancestors" not in directives:
        yield "content-security-policy names no frame-ancestors"
