"""A PKCS#11 URI (RFC 7512): which token, which key on it, which module leads there, and where the PIN is.

pkcs11:token=gate;object=signer?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/secrets/pin
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from reports.keys import SigningKeyError
from reports.secret_source import SecretSourceError, read_secret

_PATH = frozenset({"token", "serial", "object", "id", "type"})
_QUERY = frozenset({"module-path", "pin-source"})


@dataclass(frozen=True)
class TokenUri:
    """What a PKCS#11 URI says.

    Args:
        token: label of the token; ``serial`` its number; at least one of them is there.
        object: label of the key; ``id`` its id in hex; at least one of them is there.
        module: the vendor's library.
        pin_source: ``file:PATH``, a path, or ``env:NAME``; empty for a token that asks for none.
    """

    token: str
    serial: str
    object: str
    id: str
    module: Path
    pin_source: str

    def pin(self) -> str:
        """The PIN; empty where none is asked for.

        Raises:
            SigningKeyError: it cannot be read, or others can.
        """
        if not self.pin_source:
            return ""
        try:
            return read_secret(self.pin_source)
        except SecretSourceError as problem:
            msg = f"pin-source: {problem}"
            raise SigningKeyError(msg) from problem


def read_token_uri(given: str) -> TokenUri:
    """Read a URI.

    Raises:
        SigningKeyError: it names no token, no key or no module, or has an attribute that is not known; never with a
            PIN.
    """
    path, _, query = given.removeprefix("pkcs11:").partition("?")
    found = _attributes(path, ";", _PATH) | _attributes(query, "&", _QUERY)
    for wanted in (("token", "serial"), ("object", "id"), ("module-path",)):
        if not any(found.get(name) for name in wanted):
            msg = f"the PKCS#11 URI says nothing of {' or '.join(wanted)}"
            raise SigningKeyError(msg)
    if found.get("type", "private") != "private":
        msg = f"the PKCS#11 URI names a {found['type']} object, and a private key signs"
        raise SigningKeyError(msg)
    return TokenUri(
        token=found.get("token", ""),
        serial=found.get("serial", ""),
        object=found.get("object", ""),
        id=found.get("id", ""),
        module=Path(found["module-path"]),
        pin_source=found.get("pin-source", ""),
    )


def _attributes(text: str, between: str, known: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, text.split(between)):
        name, _, value = part.partition("=")
        if name == "pin-value":
            msg = "the PKCS#11 URI has the PIN in it, for all to see who list processes: give pin-source in its place"
            raise SigningKeyError(msg)
        if name not in known or name in found:
            msg = f"the PKCS#11 URI has {'twice' if name in found else 'an attribute that is not known:'} {name[:40]}"
            raise SigningKeyError(msg)
        found[name] = unquote_to_bytes(value).hex() if name == "id" else unquote(value)
    return found
