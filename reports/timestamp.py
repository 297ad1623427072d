"""report.tsr: what a time stamping authority says of a report's envelope (RFC 3161), so that a time in it is attested
by somebody else than its signer.

    wanted = request_for(envelope)                     # POST wanted.as_bytes() to the authority
    answer = granted(response, wanted)                 # what to keep as report.tsr
    at = attested(answer, envelope, roots)             # UTC, for whoever trusts the authority's roots

https://www.rfc-editor.org/rfc/rfc3161
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.errors import VerificationError as NoTimeStampError

from reports.clock import SET_BY_S
from reports.files import read_plain, sha256
from reports.records import utc
from reports.refusals import Refusal, UnreadableError, VerificationError
from reports.verify import Verified, read_envelope

STAMP = "report.tsr"
TYPE, ANSWER_TYPE = "application/timestamp-query", "application/timestamp-reply"
LARGEST = 2**20
_PROMPTLY = timedelta(hours=1)


def request_for(envelope: bytes) -> TimeStampRequest:
    """What to ask an authority: SHA-256 of the envelope, a nonce, and its certificate in the answer."""
    builder = TimestampRequestBuilder().data(envelope).hash_algorithm(HashAlgorithm.SHA256)
    return builder.nonce(nonce=True).cert_request(cert_request=True).build()


def granted(response: bytes, wanted: TimeStampRequest) -> bytes:
    """An authority's answer, when it is one to this request; who signed it is not looked at.

    Raises:
        UnreadableError: it is none, or no grant.
    """
    try:
        answer = decode_timestamp_response(response)
        info, signed = answer.tst_info, answer.signed_data
        same = (info.nonce, info.message_imprint.message) == (wanted.nonce, wanted.message_imprint.message)
    except ValueError as problem:
        msg = f"the answer of the time stamping authority cannot be used: {problem}"
        raise UnreadableError(msg) from problem
    if answer.status != 0 or not same or not signed.certificates:
        msg = "the time stamping authority did not grant the time stamp that was asked for"
        raise UnreadableError(msg)
    return response


def attested(response: bytes, envelope: bytes, roots: Sequence[Certificate]) -> datetime:
    """When an envelope was there at the latest, UTC.

    Raises:
        VerificationError: TIMESTAMP_WRONG.
    """
    try:
        answer = decode_timestamp_response(response)
        verifier = VerifierBuilder(roots=list(roots)).build()
        verifier.verify_message(answer, envelope)
    except (ValueError, NoTimeStampError) as problem:
        msg = f"The time stamp is not one of a trusted authority on this report: {problem}."
        raise VerificationError(Refusal.TIMESTAMP_WRONG, msg) from problem
    return answer.tst_info.gen_time


def read_roots(path: Path) -> list[Certificate]:
    """The certificates of a PEM file.

    Raises:
        UnreadableError: there is none.
    """
    try:
        return load_pem_x509_certificates(read_plain(path, LARGEST, follow=True))
    except OSError as problem:
        msg = f"cannot read {path}: {problem.strerror}"
        raise UnreadableError(msg) from problem
    except ValueError as problem:
        msg = f"{path} holds no certificate in PEM"
        raise UnreadableError(msg) from problem


def with_attested_time(report: Verified, folder: Path, roots: Path) -> Verified:
    """A verified report with the time by which an authority attests that it was there, by its report.tsr.

    Args:
        folder: of the report.
        roots: PEM file with the certificates of the authorities that are trusted.

    Raises:
        VerificationError: TIMESTAMP_MISSING, or TIMESTAMP_WRONG, also where its run ended later than it was there.
        UnreadableError: the roots cannot be read.
    """
    trusted, envelope = read_roots(roots), read_envelope(folder)
    if sha256(envelope) != report.digest:
        raise VerificationError(Refusal.TIMESTAMP_WRONG, "The envelope was replaced while it was verified.")
    try:
        response = read_plain(folder / STAMP, LARGEST)
    except OSError as problem:
        msg = f"{STAMP} cannot be read ({problem.strerror}): clinical-gate report timestamp makes one."
        raise VerificationError(Refusal.TIMESTAMP_MISSING, msg) from problem
    at, ended = attested(response, envelope, trusted), report.statement.predicate.ended
    if ended > at + timedelta(seconds=SET_BY_S):
        msg = f"The report says that its run ended at {utc(ended)}, and was stamped before, at {utc(at)}."
        raise VerificationError(Refusal.TIMESTAMP_WRONG, msg)
    late: tuple[str, ...] = ()
    if at - ended > _PROMPTLY:
        hours = (at - ended).total_seconds() / 3600
        late = (f"It was stamped at {utc(at)}, {hours:.0f} h after it says that its run ended.",)
    standing = replace(report.standing, remarks=(*report.standing.remarks, *late))
    return replace(report, attested=at, standing=standing)
