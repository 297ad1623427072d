"""A DSSE envelope with one signature, in one exact form, so that no two files hold the same statement.

https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Literal

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Signature, Signer, SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from reports.document import canonical
from reports.records import Record
from reports.refusals import Refusal, VerificationError

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class _Signature(Record):
    keyid: str
    sig: str


class _EnvelopeFile(Record):
    payload: str
    payloadType: Literal["application/vnd.in-toto+json"]  # noqa: N815  the name that DSSE gives it
    signatures: tuple[_Signature]


def seal(payload: bytes, signer: Signer) -> bytes:
    """The exact bytes of an envelope file."""
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return encode(envelope)


def encode(envelope: Envelope) -> bytes:
    """The one form in which an envelope is written; `exact` refuses every other."""
    return canonical(envelope.to_dict()) + b"\n"


def exact(content: bytes, name: str) -> Envelope:
    """Accept only the bytes that `encode` writes.

    Args:
        name: of the file, for people.

    Raises:
        VerificationError: NOT_CANONICAL.
    """
    msg = f"{name} is not the exact bytes that were written: it was altered."
    try:
        parsed = _EnvelopeFile.model_validate(json.loads(content))
        found = parsed.signatures[0]
        envelope = Envelope(
            base64.b64decode(parsed.payload, validate=True),
            PAYLOAD_TYPE,
            {found.keyid: Signature(found.keyid, base64.b64decode(found.sig, validate=True).hex())},
        )
        same = encode(envelope) == content
    except (ValueError, RecursionError, binascii.Error) as problem:  # pydantic's and Unicode's errors are ValueErrors
        raise VerificationError(Refusal.NOT_CANONICAL, msg) from problem
    if not same:
        raise VerificationError(Refusal.NOT_CANONICAL, msg)
    return envelope


def keyid_of(envelope: Envelope) -> str:
    """The id of the key that it says it is signed with."""
    return str(next(iter(envelope.signatures)))


def opened(envelope: Envelope, key: SSlibKey, name: str) -> bytes:
    """The payload, when ``key`` signed it.

    Raises:
        VerificationError: WRONG_KEY or BAD_SIGNATURE.
    """
    signature = envelope.signatures[keyid_of(envelope)]
    if signature.keyid != key.keyid:
        msg = f"{name} is signed with key {signature.keyid[:16]}..., not with the key given, {key.keyid[:16]}...."
        raise VerificationError(Refusal.WRONG_KEY, msg)
    try:
        key.verify_signature(signature, envelope.pae())
    except UnverifiedSignatureError as problem:
        msg = f"The signature does not fit the content: {name} was altered, or signed with another key."
        raise VerificationError(Refusal.BAD_SIGNATURE, msg) from problem
    return bytes(envelope.payload)
