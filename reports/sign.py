"""Sign a report's statement."""

from __future__ import annotations

from securesystemslib.signer import Signer  # type: ignore[attr-defined]  # it re-exports without __all__

from reports.envelope import seal
from reports.statement import Statement

ENVELOPE = "report.dsse.json"


def sign(statement: Statement, signer: Signer) -> bytes:
    """The exact bytes of the envelope file."""
    return seal(statement.encode(), signer)
