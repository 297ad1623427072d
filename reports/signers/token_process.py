"""A process of its own, in which a vendor's PKCS#11 library is loaded: one request on stdin, one answer on stdout.

It knows nothing of reports and is run by `reports/signers/token.py`. The request (JSON) names module, token, key and
PIN; without a message it is answered with the public key, with one (hex) by its signature.
"""

from __future__ import annotations

import json
import sys
from typing import Any

_ED25519 = (bytes.fromhex("06032b6570"), b"\x13\x0cedwards25519")  # CKA_EC_PARAMS, as an OID and as a curve's name
_POINT = 32


class _NoAnswerError(Exception):
    """One sentence for people."""


def answer(asked: dict[str, Any]) -> dict[str, str]:
    """The public key, or a signature.

    Raises:
        _NoAnswerError: the library, the token or the key is not there, or does not do it.
    """
    try:
        import pkcs11  # noqa: PLC0415  what is not installed is said
    except ImportError as problem:
        msg = "PKCS#11 needs the extra hsm: pip install -e '.[hsm]'"
        raise _NoAnswerError(msg) from problem
    named = {"token_label": asked["token"], "token_serial": asked["serial"].encode()}
    try:
        token = pkcs11.lib(asked["module"]).get_token(**{name: value for name, value in named.items() if value})
        with token.open(user_pin=asked["pin"] or None) as session:
            return _of(pkcs11, session, asked)
    except pkcs11.exceptions.PKCS11Error as problem:
        msg = f"the PKCS#11 token cannot be used: {_sentence(problem)}"
        raise _NoAnswerError(msg) from problem


def _of(pkcs11: Any, session: Any, asked: dict[str, Any]) -> dict[str, str]:  # noqa: ANN401  its types need the extra
    named = {"label": asked["object"], "id": bytes.fromhex(asked["id"])}
    key = session.get_key(
        object_class=pkcs11.ObjectClass.PRIVATE_KEY, **{name: value for name, value in named.items() if value}
    )
    if asked["message"] is not None:
        return {"signature": key.sign(bytes.fromhex(asked["message"]), mechanism=pkcs11.Mechanism.EDDSA).hex()}
    attribute = pkcs11.Attribute
    for public in session.get_objects({attribute.CLASS: pkcs11.ObjectClass.PUBLIC_KEY, attribute.ID: key.id}):
        try:
            parameters, point = public[attribute.EC_PARAMS], public[attribute.EC_POINT]
        except pkcs11.exceptions.PKCS11Error:  # of another kind: it has neither
            parameters, point = b"", b""
        return {"point": point[-_POINT:].hex() if parameters in _ED25519 else ""}
    for certificate in session.get_objects({attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE, attribute.ID: key.id}):
        return {"certificate": certificate[attribute.VALUE].hex()}
    msg = "the token has neither a public key nor a certificate with the id of the private key"
    raise _NoAnswerError(msg)


def _sentence(problem: Exception) -> str:
    """The field's names for errors, e.g. ``PinIncorrect``, with what is said of them."""
    said = " ".join(str(problem).split())
    return f"{type(problem).__name__}{f', {said}' if said else ''}"


def main() -> None:
    """Answer one request."""
    try:
        told = answer(json.load(sys.stdin))
    except _NoAnswerError as problem:
        told = {"problem": str(problem)}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
