"""Verify a report that a newer one replaces: as it was when it was published."""

from __future__ import annotations

import tempfile
from pathlib import Path

from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from reports.files import read_plain, sha256
from reports.history import HISTORY
from reports.refusals import Refusal, VerificationError
from reports.verify import Verified, read_envelope, verify


def verify_as_entered(folder: Path, key: SSlibKey, report: str) -> Verified:
    """Verify that a report's folder holds what a line of the history says, as it was published.

    Args:
        report: SHA-256 of the envelope, by that line.

    Raises:
        VerificationError: NOT_IN_HISTORY where it is another report; and as `verify_as_published`.
        UnreadableError: there is no report.
    """
    found = verify_as_published(folder, key)
    if found.digest != report:
        msg = f"{folder.name} holds another report, that of run {found.statement.predicate.run_id}."
        raise VerificationError(Refusal.NOT_IN_HISTORY, msg)
    return found


def verify_as_published(folder: Path, key: SSlibKey) -> Verified:
    """Verify a report's folder; that a later line of the history replaces it is no reason to refuse it.

    Args:
        folder: holds report.dsse.json and what it signs; its history, where there is one, lies beside it.
        key: the only key whose signature counts.

    Raises:
        VerificationError: it does not hold for another reason than its age.
        UnreadableError: there is no report.
    """
    try:
        return verify(folder, key)
    except VerificationError as problem:
        if problem.refusal is not Refusal.SUPERSEDED:
            raise
    digest = sha256(read_envelope(folder.resolve())).encode()
    lines = read_plain(folder.resolve().parent / HISTORY, follow=True).splitlines(keepends=True)
    published = next(number for number, line in enumerate(lines, 1) if digest in line)
    with tempfile.TemporaryDirectory() as directory:
        until_then = Path(directory) / HISTORY
        until_then.write_bytes(b"".join(lines[:published]))
        return verify(folder, key, history_file=until_then)
