"""Sign a statement: a DSSE envelope with one Ed25519 signature, in one exact form.

https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
"""

from __future__ import annotations

from securesystemslib.dsse import Envelope
from securesystemslib.signer import Signer  # type: ignore[attr-defined]  # it re-exports without __all__

from reports.document import canonical
from reports.statement import Statement

ENVELOPE = "report.dsse.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"


def sign(statement: Statement, signer: Signer) -> bytes:
    """The exact bytes of the envelope file."""
    envelope = Envelope(statement.encode(), PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return encode(envelope)


def encode(envelope: Envelope) -> bytes:
    """The one form in which an envelope is written; verification refuses every other."""
    return canonical(envelope.to_dict()) + b"\n"
