"""From the value of ``--signing-key`` to a signer."""

from __future__ import annotations

from pathlib import Path

from securesystemslib.signer import Signer  # type: ignore[attr-defined]  # it re-exports without __all__

from reports.keys import PRIVATE, load_signer
from reports.records import SignerKind
from reports.signers.command import command_signer
from reports.signers.token import token_signer

FORMS = "a PEM file, pkcs11:... (RFC 7512) or command:..."


def open_signer(given: str) -> Signer:
    """The signer that a value names; it has shown its public key.

    Args:
        given: the path of a PEM file; a PKCS#11 URI (RFC 7512); or ``command:`` with a program and its arguments.

    Raises:
        SigningKeyError: it cannot sign; one sentence, without any secret.
    """
    kind = signer_kind(given)
    if kind == "PKCS#11 token":
        return token_signer(given)
    if kind == "command":
        return command_signer(given)
    return load_signer(Path(given))


def signer_kind(given: str | None, keys: Path | None = None) -> SignerKind:
    """What a value names; nothing is the key that this machine made for itself, and so is its file in ``keys``."""
    if given is None:
        return "machine key"
    if given.startswith("pkcs11:"):
        return "PKCS#11 token"
    if given.startswith("command:"):
        return "command"
    own = keys is not None and Path(given).resolve() == (keys / PRIVATE).resolve()
    return "machine key" if own else "key file"


def registers_beside(given: str | None, keys: Path) -> Path:
    """Where the registers are of a signer for which no folder was said: beside its file, else in ``keys``."""
    beside = Path(given).parent if given is not None and signer_kind(given) == "key file" else keys
    return beside / "registers"
