"""Take secrets out of a text before it is kept as evidence: tokens, passwords, private keys, long hex strings."""

from __future__ import annotations

import re

from checks.model import plain

# What names a secret in settings, JSON, URLs and command lines; its value is cut, its name stays for the auditor.
_NAMES = (
    r"(?:[\w.-]*(?:password|passwd|passphrase|secret|api[_-]?key|master[_-]?key|private[_-]?key|cipher[_-]?pass|"
    r"access[_-]?token|refresh[_-]?token|totp|pgpass)[\w-]*|pwd|token|otp)"
)
_RULES: tuple[tuple[str, str], ...] = (
    # Up to its end line, or to the end of the text: a cut key is still a key.
    (r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----(?s:.*?)(?:-----END \1-----|\Z)", "[redacted: private key]"),
    # header.payload.signature (RFC 7515); an unsigned or cut token too
    (r"\beyJ[\w-]{8,}(?:\.[\w-]*){1,4}", "[redacted: token]"),
    (
        r"((?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?)(?:bearer\s+|basic\s+|digest\s+)?[^\s\"',;[][^\"'\r\n]*",
        r"\1[redacted: credentials]",
    ),
    # Prose such as "basic authentication" has neither a digit nor punctuation.
    (r"\b(bearer|basic)\s+(?=[\w.~+/-]*[\d.~+/=])[\w.~+/-]{12,}=*", r"\1 [redacted: credentials]"),
    (r"\b(set-cookie|cookie)(\s*+:\s*+)[^\[\r\n][^\r\n]*", r"\1\2[redacted: cookie]"),
    # scheme://user:password@host (RFC 3986 section 3.2.1)
    (r"\b([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/@[][^\s/@]*@", r"\1:[redacted: password]@"),
    (r"\$argon2(?:id|i|d)\$[^\s\"']+", "[redacted: password hash]"),
    (r"SCRAM-SHA-256\$[^\s\"']+", "[redacted: password hash]"),
    (
        rf"([\"']?\b{_NAMES}[\"']?\s*[:=]\s*)(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s\"',;&}}\])[]+)",
        r"\1[redacted: secret]",
    ),
    (rf"(--{_NAMES}\s+)[^\s\[]\S*", r"\1[redacted: secret]"),
    # 32 hex digits or more are a secret, unless they are declared to be a digest.
    (r"(?<![0-9a-z])(?<!sha256:)(?<!sha256=)(?<!sha512:)[0-9a-f]{32,}(?![0-9a-z])", "[redacted: hex]"),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), replacement) for pattern, replacement in _RULES)


def redact(text: str) -> str:
    """The text without its secrets; what was cut is named in square brackets. Redacting twice changes nothing."""
    for pattern, replacement in _COMPILED:
        text = pattern.sub(replacement, text)
    return text


def printable(text: str, limit: int = 20_000) -> str:
    """Redacted, valid as UTF-8 and XML, and no longer than ``limit`` characters: what a record may keep."""
    text = plain(redact(text.encode("utf-8", "replace").decode()))
    return text if len(text) <= limit else f"{text[:limit]} [... {len(text) - limit} more characters]"
