"""Whether a node takes writes, asked of a real PostgreSQL that waits for a standby which nobody is."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from checks.lab import DatabaseFlaws
from fixtures.lab.database import LabPostgres, start_postgres
from fixtures.lab.laboratory import Laboratory
from fixtures.services.database.settings import AUDITOR, NAME
from fixtures.targets.drills.nodes import NodeWatcher

pytestmark = pytest.mark.unit
_WAITS = {"synchronous_standby_names": "nobody", "synchronous_commit": "on"}


@pytest.fixture(scope="module")
def waiting() -> Iterator[LabPostgres]:
    """A primary without the standby that it waits for: what commits on it is never acknowledged."""
    laboratory = Laboratory()
    try:
        with laboratory.bench() as bench:
            yield start_postgres(bench, DatabaseFlaws(settings=_WAITS))
    finally:
        laboratory.close()


def _takes_writes(server: LabPostgres) -> bool | None:
    watcher = NodeWatcher(
        lambda: psycopg.connect(
            host=server.host.address,
            port=server.port,
            dbname=NAME,
            user=AUDITOR,
            password=server.vault["postgres.auditor"],
            sslmode="verify-full",
            sslrootcert=str(server.ca),
            autocommit=True,
        )
    )
    try:
        return watcher()
    finally:
        watcher.close()


def test_a_primary_that_acknowledges_nothing_takes_no_writes(waiting: LabPostgres) -> None:
    assert _takes_writes(waiting) is False


@pytest.mark.parametrize("whose", [f"DATABASE {NAME}", "ROLE clinical_app"])
def test_one_that_commits_without_waiting_takes_writes(waiting: LabPostgres, whose: str) -> None:
    own = "SET synchronous_commit = local; "  # or these statements would wait for ever
    waiting.run(f"{own}ALTER {whose} SET synchronous_commit = local")
    assert _takes_writes(waiting) is True
    waiting.run(f"{own}ALTER {whose} RESET synchronous_commit")
    assert _takes_writes(waiting) is False
