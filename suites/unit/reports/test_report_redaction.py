"""Redaction: no secret stays, no fact goes."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.redaction import printable, redact

JWT = "eyJhbGciOiJFZERTQSIsImtpZCI6ImsxIn0.eyJzdWIiOiJwaHlzaWNpYW4uYSJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
HEX = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"got {JWT} back", JWT),
        (f"token cut short: {JWT[:60]}", JWT[:60]),
        ("Authorization: Bearer abc.def-123456789", "abc.def-123456789"),
        ('{"authorization": "Basic dXNlcjpodW50ZXIy"}', "dXNlcjpodW50ZXIy"),
        ("curl -H 'Bearer 9f8e7d6c5b4a.xyz'", "9f8e7d6c5b4a.xyz"),
        ("Set-Cookie: sid=s3cr3t; Secure", "s3cr3t"),
        ("password=hunter2 user=app", "hunter2"),
        ('"password": "hunt er2, \\"x\\"", "user": "app"', "hunt er2"),
        ("'db_password': 'hunter2'", "hunter2"),
        ("repo1-cipher-pass=hunter2", "hunter2"),
        ("totp_secret: JBSWY3DPEHPK3PXP", "JBSWY3DPEHPK3PXP"),
        ("--password hunter2 --verbose", "hunter2"),
        ("postgres://app:hunter2@10.1.2.3:5432/clinical", "hunter2"),
        ("rediss://:hunter2@10.1.2.3", "hunter2"),
        (f"master key {HEX}", HEX),
        (HEX.upper() * 2, HEX.upper()),
        ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", "c2FsdA"),
        ("SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy", "c3RvcmVk"),
        ("-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----", "MC4CAQAw"),
        ("-----BEGIN EC PRIVATE KEY-----\nMC4CAQAw\ncut", "MC4CAQAw"),
    ],
)
def test_a_secret_is_cut(text: str, secret: str) -> None:
    """What was cut is named, and cutting twice changes nothing."""
    cut = redact(text)
    assert (secret in cut, "[redacted" in cut, redact(cut)) == (False, True, cut)


@pytest.mark.parametrize(
    "text",
    [
        "edge 10.1.2.3:443 offers TLSv1.2 and TLSv1.3 only",
        "password authentication is refused; basic authentication is off",
        "bearer tokens expire after 1800 s",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        f"sha256:{HEX * 2}",
        "request 018f2b1c-7a3e-4f0e-9d2b-1c2d3e4f5a6b answered 403",
        "https://10.1.2.3:8443/health answered 200",
        "role clinical_app has BYPASSRLS",
    ],
)
def test_a_fact_stays(text: str) -> None:
    """An auditor can still read what was seen."""
    assert redact(text) == text


@given(st.text(alphabet=string.ascii_letters + string.digits + " =:\"'{}[],@/.-\n", max_size=80))
def test_redacting_twice_changes_nothing(text: str) -> None:
    """Whatever the text."""
    assert redact(redact(text)) == redact(text)


@given(st.text(alphabet="0123456789abcdef", min_size=32, max_size=32), st.text(max_size=20), st.text(max_size=20))
def test_a_vault_secret_never_stays(secret: str, before: str, after: str) -> None:
    """32 hex digits between white space, whatever stands around them."""
    assert secret not in redact(f"{before} {secret} {after}")


def test_a_record_can_be_printed_and_stored() -> None:
    """No control sequences, no lone surrogates, no end of length."""
    assert printable("a\x1b[31mb\x00\ud800c\n") == "a\ufffd[31mb\ufffd?c\n"
    assert printable("x" * 30, limit=10) == "xxxxxxxxxx [... 20 more characters]"
