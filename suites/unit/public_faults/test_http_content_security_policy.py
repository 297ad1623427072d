"""A Content-Security-Policy is read as browsers read it (W3C CSP Level 3)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from checks.http._content_security_policy import policies, risks
from checks.lab import ScriptedEdgeFlaws
from checks.model import Status
from fixtures.lab.builders import LabBuilder
from suites.unit.public_faults.edges import lab, verdict

CHECK = "http/security_headers_present"
INLINE, HANDLERS, ANYWHERE, DATA, FRAMED = "inline scripts", "event handlers", "anywhere", "data:", "frame"
NOBODY = "; frame-ancestors 'none'"

# Policy, and what it lets an attacker do. Each is given frame-ancestors 'none' beside it.
CASES: dict[str, set[str]] = {
    "default-src 'none'": set(),
    "default-src 'self'": set(),
    "DEFAULT-SRC 'SELF'": set(),
    "img-src 'self'": {INLINE, HANDLERS, ANYWHERE, DATA},
    "script-src 'self' 'unsafe-inline'": {INLINE, HANDLERS},
    "script-src 'self' 'UNSAFE-INLINE'": {INLINE, HANDLERS},
    "script-src 'self'; style-src 'unsafe-inline'": set(),
    # Of two directives of one name the first counts.
    "script-src * 'unsafe-inline'; script-src 'none'": {INLINE, HANDLERS, ANYWHERE},
    "script-src 'none'; script-src * 'unsafe-inline'": set(),
    "Script-Src *; script-src 'none'": {ANYWHERE},
    # Elements and attributes have directives of their own, before script-src and default-src.
    "script-src 'none'; script-src-elem 'unsafe-inline' *": {INLINE, ANYWHERE},
    "script-src * 'unsafe-inline'; script-src-elem 'self'": {HANDLERS},
    "script-src 'self'; script-src-attr 'unsafe-inline'": {HANDLERS},
    "default-src 'self'; script-src-attr 'unsafe-inline'": {HANDLERS},
    "default-src *; script-src 'self'": set(),
    # Hosts and schemes.
    "default-src *": {ANYWHERE},
    "default-src 'self' https://*": {ANYWHERE},
    "default-src 'self' http://*": {ANYWHERE},
    "default-src 'self' https://*:443": {ANYWHERE},
    "default-src 'self' *:*": {ANYWHERE},
    "default-src 'self' https://*/js/": {ANYWHERE},
    "default-src https:": {ANYWHERE},
    "default-src HTTP:": {ANYWHERE},
    "default-src wss:": {ANYWHERE},
    "default-src *.com": {ANYWHERE},
    "default-src https://*.com:443/x": {ANYWHERE},
    "default-src *.clinic.test": set(),
    "default-src https://cdn.clinic.test:8443/js/": set(),
    "default-src ftp://*": set(),
    "default-src 'self' data:": {DATA},
    "img-src data:; default-src 'self'": set(),
    "script-src 'self'; img-src *": set(),
    # Nonces, hashes and what they undo.
    "script-src 'nonce-c2VjcmV0' 'unsafe-inline'": set(),
    "script-src 'sha256-abc=' 'unsafe-inline'": set(),
    "script-src 'nonce-' 'unsafe-inline'": {INLINE, HANDLERS},
    "script-src 'sha1-abc=' 'unsafe-inline'": {INLINE, HANDLERS},
    "script-src 'nonce-c2VjcmV0' https:": {ANYWHERE},
    "script-src 'nonce-c2VjcmV0' 'strict-dynamic' https: http: * data: 'unsafe-inline'": set(),
    "script-src 'strict-dynamic' 'unsafe-inline' https:": set(),
    "script-src 'nonce-c2VjcmV0' 'strict-dynamic'; script-src-attr 'unsafe-inline'": {HANDLERS},
    # Several policies: an attacker may do what all of them allow.
    "script-src 'self' 'unsafe-inline', script-src https:": set(),
    "script-src 'self' 'unsafe-inline', script-src 'unsafe-inline'": {INLINE, HANDLERS},
    "default-src *, default-src 'none'": set(),
    "default-src *, img-src 'self'": {ANYWHERE},
    "script-src https:, script-src http://*": {ANYWHERE},
    "default-src 'self',": set(),
    # White space and empty parts.
    " ;; default-src\t'self' ;": set(),
    "default-src": set(),
    "script-src 'none' *": {ANYWHERE},
}


@pytest.mark.parametrize("policy", CASES)
def test_a_policy_lets_attackers_do_what_the_specification_says(policy: str) -> None:
    seen = risks(f"{policy}, frame-ancestors 'none'")
    allowed = {word for word in (INLINE, HANDLERS, ANYWHERE, DATA, FRAMED) if any(word in text for text in seen)}
    assert allowed == CASES[policy]


@pytest.mark.parametrize(
    ("policy", "framed"),
    [
        ("frame-ancestors 'none'", False),
        ("frame-ancestors 'self' https://portal.clinic.test", False),
        ("frame-ancestors", False),
        ("frame-ancestors *", True),
        ("frame-ancestors https:", True),
        ("frame-ancestors 'self' https://*", True),
        ("frame-ancestors *; frame-ancestors 'none'", True),
        ("frame-ancestors *, frame-ancestors 'self'", False),
        ("default-src 'none'", True),
    ],
)
def test_who_may_frame_a_page_has_no_fall_back(policy: str, framed: bool) -> None:  # noqa: FBT001
    assert any(FRAMED in text for text in risks(f"{policy}, script-src 'none'")) is framed


@pytest.mark.parametrize("header", ["", " ", ";", ",", "; ,;"])
def test_a_header_without_a_directive_is_no_policy(header: str) -> None:
    assert (policies(header), risks(header)) == ((), ("no content-security-policy",))


@pytest.fixture(scope="module")
def builder() -> Iterator[LabBuilder]:
    """A lab for all tests of this file."""
    with lab() as made:
        yield made


OTHERS = (
    "X-Content-Type-Options: nosniff",
    "X-Frame-Options: DENY",
    "Referrer-Policy: no-referrer",
)
CSP = "Content-Security-Policy"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((*OTHERS, f"{CSP}: script-src * 'unsafe-inline'; script-src 'none'{NOBODY}"), Status.FAIL),
        ((*OTHERS, f"{CSP}: script-src-elem 'unsafe-inline' *; default-src 'none'{NOBODY}"), Status.FAIL),
        ((*OTHERS, f"{CSP}: default-src 'self' https://*{NOBODY}"), Status.FAIL),
        ((*OTHERS, f"{CSP}: script-src 'self'", f"{CSP}: frame-ancestors 'none'"), Status.PASS),
        (
            (*OTHERS, f"{CSP}: script-src 'nonce-YWJj' 'strict-dynamic' https: 'unsafe-inline'{NOBODY}"),
            Status.PASS,
        ),
        ((*OTHERS, *OTHERS, f"{CSP}: default-src 'none'{NOBODY}", f"{CSP}: default-src 'none'{NOBODY}"), Status.PASS),
        ((*OTHERS, "X-Frame-Options: SAMEORIGIN", f"{CSP}: default-src 'none'{NOBODY}"), Status.FAIL),
        ((*OTHERS, "Referrer-Policy: not-known-yet", f"{CSP}: default-src 'none'{NOBODY}"), Status.PASS),
        ((*OTHERS, "Referrer-Policy: unsafe-url", f"{CSP}: default-src 'none'{NOBODY}"), Status.FAIL),
        ((*OTHERS, f"{CSP}-Report-Only: default-src 'none'{NOBODY}"), Status.FAIL),
    ],
)
def test_headers_are_judged_as_browsers_take_them(
    builder: LabBuilder, headers: tuple[str, ...], status: Status
) -> None:
    """8. As they stand on the wire: several of one name, and names that differ by a word."""
    assert verdict(builder.build(ScriptedEdgeFlaws(headers=headers)), CHECK).status is status
