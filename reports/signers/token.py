"""A key in a hardware security module or on a smart card, behind PKCS#11; it never leaves it.

The vendor's library runs in a process of its own (`reports/signers/token_process.py`): it can hang or crash, and a run
of the gate does neither.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509 import load_der_x509_certificate

from reports.keys import SigningKeyError
from reports.signers.asking import TIMEOUT_S, ask
from reports.signers.outside import OutsideSigner
from reports.signers.token_uri import TokenUri, read_token_uri

_PROCESS = Path(__file__).with_name("token_process.py")
_NAME = "the PKCS#11 token"


def token_signer(given: str, *, timeout_s: float = TIMEOUT_S) -> OutsideSigner:
    """The signer behind a PKCS#11 URI.

    Args:
        given: see `reports.signers.token_uri`.
        timeout_s: for each answer of the token.

    Raises:
        SigningKeyError: the URI is wrong, the token or the key is not there, the PIN is, or it is no Ed25519 key.
    """
    uri = read_token_uri(given)
    shown = _answer(uri, timeout_s, None)
    try:
        if "certificate" in shown:
            key = load_der_x509_certificate(bytes.fromhex(shown["certificate"])).public_key()
        else:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(shown["point"]))
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        msg = f"the key {uri.object or uri.id} of {_NAME} is no Ed25519 key"
        raise SigningKeyError(msg)
    return OutsideSigner(_NAME, key, partial(_signature, uri, timeout_s))


def _signature(uri: TokenUri, timeout_s: float, message: bytes) -> bytes:
    return bytes.fromhex(_answer(uri, timeout_s, message)["signature"])


def _answer(uri: TokenUri, timeout_s: float, message: bytes | None) -> dict[str, str]:
    asked = {
        "module": str(uri.module),
        "token": uri.token,
        "serial": uri.serial,
        "object": uri.object,
        "id": uri.id,
        "pin": uri.pin(),  # on standard input: not among the arguments, which everybody sees
        "message": None if message is None else message.hex(),
    }
    printed = ask([sys.executable, "-I", str(_PROCESS)], json.dumps(asked).encode(), name=_NAME, timeout_s=timeout_s)
    try:
        answer: dict[str, str] = json.loads(printed)
    except ValueError as problem:  # the vendor's library may print what it likes
        msg = f"{_NAME} gave no answer that can be read"
        raise SigningKeyError(msg) from problem
    if "problem" in answer:
        raise SigningKeyError(answer["problem"])
    return answer
