"""The audit trail's writer against a real PostgreSQL: it goes on from the head that the database has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest

from fixtures.lab.database import LabPostgres, start_postgres
from fixtures.lab.laboratory import Laboratory
from fixtures.reference.router import settings
from fixtures.reference.router.audit.audit import AuditChain
from fixtures.reference.router.database.pool import DatabasePool
from fixtures.services.database.settings import APPLICATION

_BROKEN_LINKS = """
SELECT count(*) FROM (
  SELECT previous, lag(hash) OVER (ORDER BY seq) AS expected, hash, audit_digest(entry) AS digest
  FROM audit_log AS entry WHERE writer = 'writer'
) AS links WHERE hash <> digest OR previous <> coalesce(expected, decode(repeat('00', 32), 'hex'))"""


@dataclass(frozen=True)
class _Actor:
    username: str = "physician.a"
    tenant: str = "hospital-a"
    address: str = "192.0.2.1"
    request_id: str = "request"


@pytest.fixture(scope="module")
def postgres(laboratory: Laboratory) -> Iterator[LabPostgres]:
    """One with the reference schema."""
    with laboratory.bench() as bench:
        yield start_postgres(bench)


def _with_writers(postgres: LabPostgres, scenario: Callable[[AuditChain, AuditChain], Awaitable[None]]) -> None:
    chosen = settings.DatabaseSettings(
        hosts=(postgres.address,), password=postgres.vault["postgres.application"], ca=postgres.ca, user=APPLICATION
    )

    async def run() -> None:
        database = DatabasePool(chosen, "test")
        await database.start()
        try:
            await scenario(*(AuditChain(database, "writer", enabled=True, batch_s=0.0) for _ in range(2)))
        finally:
            await database.close()

    asyncio.run(run())


def test_a_batch_that_was_overtaken_follows_the_head_in_the_database(postgres: LabPostgres) -> None:
    """As after a batch that was cut off, given up, and committed later: nobody is refused, and every link holds."""

    async def overtaken(one: AuditChain, other: AuditChain) -> None:
        await one.append(_Actor(), "patients.read", "patients/1", "ok")
        await other.append(_Actor(), "patients.read", "patients/2", "ok")
        await one.append(_Actor(), "patients.read", "patients/3", "ok")  # its head is one entry old
        assert (one.failed, other.failed) == (0, 0)

    _with_writers(postgres, overtaken)
    with postgres.connection() as connection:
        rows = connection.execute("SELECT seq, resource FROM audit_log WHERE writer = 'writer' ORDER BY seq").fetchall()
        assert rows == [(1, "patients/1"), (2, "patients/2"), (3, "patients/3")]
        assert connection.execute(_BROKEN_LINKS).fetchone() == (0,)
