"""Whether a setting looks like a secret, by its name and by the shape of its value."""

from __future__ import annotations

import re

from checks.targets import Setting

_ALWAYS = ("link with password", "private key", "token")
_NEVER = ("nothing", "switch", "path", "link")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# Anywhere in a name, unless its end says that something else is told; others mean a secret only at the end.
_SECRET = frozenset(
    {"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "SECRETS", "CREDENTIAL", "CREDENTIALS", "REQUIREPASS", "MASTERAUTH"}
)
_SECRET_AT_END = frozenset({"TOKEN", "KEY", "APIKEY", "PASS", "PW", "PAT", "DSN"})
_ABOUT_IT = frozenset(
    {
        *("FILE", "PATH", "DIR", "DIRECTORY", "NAME", "ID", "TTL", "SECONDS", "MINUTES", "HOURS", "DAYS", "LENGTH"),
        *("POLICY", "TYPE", "ALGORITHM", "ENCRYPTION", "ENABLED", "REQUIRED", "URL", "URI", "ISSUER", "EXPIRY", "AGE"),
        *("PROVIDER", "BACKEND", "STORE", "VERSION", "ROTATION", "MIN", "MAX"),
    }
)
_PUBLIC = frozenset({"PUBLIC", "GPG", "PUBKEY"})  # GPG_KEY of official images is a fingerprint


def is_secret(setting: Setting) -> bool:
    """Whether it should have been given another way. A file that holds the secret is that way."""
    if setting.shape in _ALWAYS:
        return True
    if setting.shape in _NEVER:
        return False
    words = [word.upper() for word in _WORD.findall(setting.name)]
    while words and words[-1].isdigit():
        words.pop()
    if not words or words[-1] in _ABOUT_IT or _PUBLIC & set(words):
        return False
    if _SECRET & set(words):
        return True
    return setting.shape == "text" and words[-1] in _SECRET_AT_END
