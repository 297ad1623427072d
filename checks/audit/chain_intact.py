"""Every entry of the audit trail carries the hash of the one before it (45 CFR 164.312(c)(2); NIST SP 800-53 AU-10).

The hashes are computed here, from the rows, and not by the database that might have been told to lie. A row that was
altered, one that is missing and a tail that was cut off all show; rewriting everything from the first lie on does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from checks.application import Chain
from checks.audit._table import trail_table
from checks.lab import DatabaseFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, NotDeclaredError, Reason, Severity, check
from checks.targets import Database

_ORIGIN = bytes(32)
_BATCH = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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
    trail = trail_table(database)
    if trail.chain is None:
        msg = "the application file says of no [trail.chain] how its entries are chained"
        raise NotDeclaredError(msg, "chain")
    table, chain = trail.table, trail.chain
    heads = {
        str(row["writer"]): row
        for row in database.query(
            f"SELECT {chain.writer} AS writer, {chain.sequence} AS seq, {chain.digest} AS hash FROM {chain.heads}"  # noqa: S608  declared names
        )
    }
    writers = database.query(f"SELECT DISTINCT {chain.writer} AS writer FROM {table}")  # noqa: S608  declared names
    names = sorted({*heads, *(str(row["writer"]) for row in writers)})
    if not names:
        msg = "the audit trail is empty: nothing was ever recorded"
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    for name in names:
        head = heads.get(name)
        # Entries are appended while this runs: what counts is the chain up to the head as it was.
        walked = (0, "it has entries but no head") if head is None else _follow(database, table, chain, name, head)
        count, problem = walked
        yield Finding(
            subject=f"audit chain of {name}",
            ok=not problem,
            message=problem or f"{count} entries, each chained to the one before, up to the head",
            remedy="keep the database as evidence, restore the trail from backup, and ask who disabled its triggers",
        )


def _follow(database: Database, table: str, chain: Chain, writer: str, head: Mapping[str, object]) -> tuple[int, str]:
    last, previous, expected = int(str(head["seq"])), _ORIGIN, 1
    columns = ", ".join(dict.fromkeys((*chain.columns, chain.sequence, chain.previous, chain.digest)))
    while expected <= last:
        rows = database.query(
            f"SELECT {columns} FROM {table} WHERE {chain.writer} = %s"  # noqa: S608  declared names
            f" AND {chain.sequence} >= %s AND {chain.sequence} <= %s ORDER BY {chain.sequence} LIMIT %s",
            (writer, expected, last, _BATCH),
        )
        if not rows:
            return expected - 1, f"entries {expected} to {last} are missing at the end"
        for row in rows:
            if row[chain.sequence] != expected:
                return expected - 1, f"entry {expected} is missing"
            if row[chain.previous] != previous:
                return expected - 1, f"entry {expected} is not chained to the one before"
            if row[chain.digest] != _digest(row, chain):
                return expected - 1, f"entry {expected} does not have the hash that it carries"
            previous, expected = _bytes(row[chain.digest]), expected + 1
    return last, "" if previous == head["hash"] else f"the head is not the hash of entry {last}"


def _digest(row: Mapping[str, object], chain: Chain) -> bytes:
    digest = hashlib.sha256(_bytes(row[chain.previous]))
    for column in chain.columns:
        value = _text(row[column]).encode()
        digest.update(b"%d:%s" % (len(value), value))
    return digest.digest()


def _text(value: object) -> str:
    """A time counts as its whole microseconds since 1970."""
    if not isinstance(value, datetime):
        return str(value)
    passed = value - _EPOCH
    return str((passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds)


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""
