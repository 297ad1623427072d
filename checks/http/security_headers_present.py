"""Every answer of the edge carries sound security headers (45 CFR 164.312(e)(1); OWASP Secure Headers Project).

nginx drops the headers of the server block wherever a location adds one of its own, so locations are asked one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial

from checks.http._content_security_policy import risks
from checks.http._pages import pages_of, url
from checks.lab import EdgeFlaws, Lab, ScriptedEdgeFlaws
from checks.looking import every
from checks.model import Finding, Gate, Severity, check
from checks.targets import Edge, EdgeAddress

_EXACT = {"x-content-type-options": ("nosniff",), "x-frame-options": ("deny", "sameorigin")}
_SOUND_REFERRERS = ("no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin")
_REFERRERS = (*_SOUND_REFERRERS, "no-referrer-when-downgrade", "origin", "origin-when-cross-origin", "unsafe-url")
_POLICY = "default-src 'none'; frame-ancestors 'none'"
_VERSION = re.compile(r"/\d")


def _edge_whose_location_drops_headers(lab: Lab) -> Edge:
    return lab.build(
        EdgeFlaws(replace={"location = /auth/login {": 'location = /auth/login { add_header X-Area "login" always;'})
    )


def _edge_with_policy(lab: Lab, policy: str) -> Edge:
    return lab.build(EdgeFlaws(replace={_POLICY: policy}))


def _edge_with_unsafe_inline_policy(lab: Lab) -> Edge:
    return _edge_with_policy(lab, "default-src 'self'; script-src 'self' 'unsafe-inline'; frame-ancestors 'none'")


def _edge_with_policy_without_default(lab: Lab) -> Edge:
    return _edge_with_policy(lab, "img-src 'self'")


def _edge_whose_policy_is_mended_by_a_second_directive_only(lab: Lab) -> Edge:
    return _edge_with_policy(lab, "script-src * 'unsafe-inline'; script-src 'none'; frame-ancestors 'none'")


def _edge_whose_policy_opens_script_elements(lab: Lab) -> Edge:
    return _edge_with_policy(lab, "script-src 'none'; script-src-elem 'unsafe-inline' *; frame-ancestors 'none'")


def _edge_whose_policy_allows_every_host(lab: Lab) -> Edge:
    return _edge_with_policy(lab, "default-src 'self' https://*; frame-ancestors 'none'")


def _edge_that_anybody_may_frame(lab: Lab) -> Edge:
    return _edge_with_policy(lab, "default-src 'none'; frame-ancestors https:")


def _edge_with_headers_before_the_answer_only(lab: Lab) -> Edge:
    return lab.build(ScriptedEdgeFlaws.with_all_headers_before_the_answer())


def _edge_without_policy_at_its_second_address(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(at_second_address=EdgeFlaws(replace={_POLICY: "img-src 'self'"})))


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
        _edge_whose_policy_is_mended_by_a_second_directive_only,
        _edge_whose_policy_opens_script_elements,
        _edge_whose_policy_allows_every_host,
        _edge_that_anybody_may_frame,
        _edge_with_headers_before_the_answer_only,
        _edge_without_policy_at_its_second_address,
        _edge_that_lets_types_be_guessed,
        _edge_that_tells_its_version,
    ),
)
def security_headers_present(edge: Edge) -> Iterator[Finding]:
    """One finding per path and address, with everything that is missing from its answer."""
    yield from every(partial(_complete, edge, at) for at in edge.addresses())


def _complete(edge: Edge, at: EdgeAddress) -> Iterator[Finding]:
    for path in pages_of(edge):
        seen = at.get(path)
        faults = list(_faults(seen.headers))
        yield Finding(
            subject=url(edge, at, path),
            ok=not faults,
            message=f"answers {seen.status}: {'; '.join(faults) or 'all headers'}",
            remedy="set the headers with 'always' in the server block, and again in each location that adds its own",
        )


def _faults(headers: Mapping[str, str]) -> Iterator[str]:
    for name, allowed in _EXACT.items():
        values = _list(headers.get(name, ""))
        # The same thing said twice is said; of things that differ each browser takes another.
        if len(set(values)) != 1 or values[0] not in allowed:
            yield f"{name} is '{headers.get(name, '')}'"
    # A list is a preference with fall-backs; a browser takes the last one that it knows.
    known = [value for value in _list(headers.get("referrer-policy", "")) if value in _REFERRERS]
    if not known or known[-1] not in _SOUND_REFERRERS:
        yield f"referrer-policy is '{headers.get('referrer-policy', '')}'"
    yield from risks(headers.get("content-security-policy", ""))
    if _VERSION.search(headers.get("server", "")) or "x-powered-by" in headers:
        yield "tells the version of its software"


def _list(value: str) -> list[str]:
    return [item.strip().lower() for item in value.split(",")]
