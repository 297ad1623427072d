"""The audit chain: every entry hangs on the one before, and no field can be changed unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from fixtures.reference.router.audit.chain import ORIGIN, AuditEntry, ChainHead, digest, link, storable

pytestmark = pytest.mark.unit
ENTRY = AuditEntry(
    at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    request_id="r1",
    username="nurse.a",
    tenant="hospital-a",
    action="patients.read",
    resource="patients/1",
    outcome="ok",
    address="192.0.2.1",
)


def test_a_chain_goes_on_from_its_head() -> None:
    """Sequence numbers without a gap; each previous hash is the hash before."""
    first = link("router1", ChainHead(), [ENTRY, ENTRY])
    then = link("router1", first[-1][0], [ENTRY])
    assert [head.seq for head, _ in first + then] == [1, 2, 3]
    assert [previous for _, previous in first + then] == [ORIGIN, first[0][0].hash, first[1][0].hash]
    assert len({head.hash for head, _ in first + then}) == 3


def test_the_digest_is_the_one_that_is_documented() -> None:
    """SHA-256 over the previous hash and length:value of every field: computed here by hand."""
    import hashlib  # noqa: PLC0415  only here

    text = b"7:router11:116:17673230456789012:r17:nurse.a10:hospital-a13:patients.read10:patients/12:ok9:192.0.2.1"
    assert digest("router1", 1, ORIGIN, ENTRY) == hashlib.sha256(ORIGIN + text).digest()


@pytest.mark.parametrize(
    "change", ["request_id", "username", "tenant", "action", "resource", "outcome", "address", "at"]
)
def test_every_field_counts(change: str) -> None:
    """The smallest change of any field changes the hash."""
    value: object = ENTRY.at + timedelta(microseconds=1) if change == "at" else "other"
    changed = replace(ENTRY, **{change: value})  # type: ignore[arg-type]  # the field's own type, seen above
    assert digest("router1", 1, ORIGIN, changed) != digest("router1", 1, ORIGIN, ENTRY)


def test_writer_place_and_predecessor_count() -> None:
    """An entry cannot be moved, within a chain or into another."""
    own = digest("router1", 1, ORIGIN, ENTRY)
    assert own not in (
        digest("router2", 1, ORIGIN, ENTRY),
        digest("router1", 2, ORIGIN, ENTRY),
        digest("router1", 1, bytes(31) + b"1", ENTRY),
    )


def test_fields_cannot_flow_into_each_other() -> None:
    """The boundary between two fields is part of what is hashed."""
    one, other = replace(ENTRY, action="ab", resource="c"), replace(ENTRY, action="a", resource="bc")
    assert digest("router1", 1, ORIGIN, one) != digest("router1", 1, ORIGIN, other)


def test_the_instant_counts_and_not_how_it_is_written() -> None:
    """The same moment in another time zone is the same entry: the database may give it back in its own."""
    elsewhere = replace(ENTRY, at=ENTRY.at.astimezone(timezone(timedelta(hours=5))))
    assert digest("router1", 1, ORIGIN, elsewhere) == digest("router1", 1, ORIGIN, ENTRY)


def test_what_the_database_cannot_keep_is_replaced_before_it_is_hashed() -> None:
    """Else the stored row would not have the hash that it carries."""
    assert storable("a\0b") == "a?b"
    assert storable("a\ud800b") == "a?b"
    assert storable("x" * 1000) == "x" * 300
