"""Every entry of the audit trail carries the hash of the one before it (45 CFR 164.312(c)(2); NIST SP 800-53 AU-10).

The hashes are computed here, from the rows, and not by the database that might have been told to lie. A row that was
altered, one that is missing and a tail that was cut off all show; rewriting everything from the first lie on does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from checks.lab import DatabaseFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.targets import Database

_ORIGIN = bytes(32)
_BATCH = 10_000
_FIELDS = (
    "writer",
    "seq",
    "at_us",
    "request_id",
    "username",
    "tenant",
    "action",
    "resource",
    "outcome",
    "address",
)
_UNLOCKED = "ALTER TABLE audit_log DISABLE TRIGGER ALL; {} ALTER TABLE audit_log ENABLE ALWAYS TRIGGER append_only"


def _row_altered(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql=_UNLOCKED.format("UPDATE audit_log SET outcome = 'denied' WHERE seq = 2;")))


def _row_altered_and_rehashed(lab: Lab) -> Database:
    change = "UPDATE audit_log SET username = 'nobody' WHERE seq = 2;"
    rehash = "UPDATE audit_log a SET hash = audit_digest(a) WHERE seq = 2;"
    return lab.build(DatabaseFlaws(sql=_UNLOCKED.format(change + rehash)))


def _row_missing_in_the_middle(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql=_UNLOCKED.format("DELETE FROM audit_log WHERE seq = 2;")))


def _tail_cut_off(lab: Lab) -> Database:
    last = "(SELECT max(seq) FROM audit_log b WHERE b.writer = a.writer)"
    return lab.build(DatabaseFlaws(sql=_UNLOCKED.format(f"DELETE FROM audit_log a WHERE seq = {last};")))  # noqa: S608  constants


@check(
    gate=Gate.COMPLIANCE,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(b)", "hipaa:164.312(c)(1)", "hipaa:164.312(c)(2)"),
    violations=(_row_altered, _row_altered_and_rehashed, _row_missing_in_the_middle, _tail_cut_off),
)
def chain_intact(database: Database) -> Iterator[Finding]:
    """The chain of every writer, from its first entry to the head that is kept beside the trail."""
    heads = {str(row["writer"]): row for row in database.query("SELECT writer, seq, hash FROM audit_heads")}
    writers = database.query(f"SELECT DISTINCT writer FROM {database.audit_table}")  # noqa: S608  a declared name
    names = sorted({*heads, *(str(row["writer"]) for row in writers)})
    if not names:
        msg = "the audit trail is empty: nothing was ever recorded"
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    for name in names:
        head = heads.get(name)
        # Entries are appended while this runs: what counts is the chain up to the head as it was.
        count, problem = (0, "it has entries but no head") if head is None else _follow(database, name, head)
        yield Finding(
            subject=f"audit chain of {name}",
            ok=not problem,
            message=problem or f"{count} entries, each chained to the one before, up to the head",
            remedy="keep the database as evidence, restore the trail from backup, and ask who disabled its triggers",
        )


def _follow(database: Database, writer: str, head: Mapping[str, object]) -> tuple[int, str]:
    last, previous, expected = int(str(head["seq"])), _ORIGIN, 1
    while expected <= last:
        rows = database.query(
            "SELECT writer, seq, (extract(epoch FROM at) * 1000000)::bigint AS at_us, request_id, username, tenant,"  # noqa: S608  a declared name
            f" action, resource, outcome, address, previous, hash FROM {database.audit_table}"
            " WHERE writer = %s AND seq >= %s AND seq <= %s ORDER BY seq LIMIT %s",
            (writer, expected, last, _BATCH),
        )
        if not rows:
            return expected - 1, f"entries {expected} to {last} are missing at the end"
        for row in rows:
            if row["seq"] != expected:
                return expected - 1, f"entry {expected} is missing"
            if row["previous"] != previous:
                return expected - 1, f"entry {expected} is not chained to the one before"
            if row["hash"] != _digest(row):
                return expected - 1, f"entry {expected} does not have the hash that it carries"
            previous, expected = _bytes(row["hash"]), expected + 1
    return last, "" if previous == head["hash"] else f"the head is not the hash of entry {last}"


def _digest(row: Mapping[str, object]) -> bytes:
    digest = hashlib.sha256(_bytes(row["previous"]))
    for field in _FIELDS:
        value = str(row[field]).encode()
        digest.update(b"%d:%s" % (len(value), value))
    return digest.digest()


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""
