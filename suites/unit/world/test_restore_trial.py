"""A declared backup is restored to a place of its own, compared with its source as it was, and gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.rows import TupleRow

from checks.lab import DatabaseFlaws
from checks.model import CannotLookError, Reason
from checks.targets import Backups, Restoration
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import TargetFile
from fixtures.lab.database import LabPostgres, start_postgres
from fixtures.lab.laboratory import Bench, Laboratory
from fixtures.reference.description import APPLICATION_FILE
from fixtures.services.database.pgbackrest import STANZA, PgBackRest
from fixtures.services.database.settings import APPLICATION, AUDITOR, NAME, OWNER
from fixtures.targets.backups.restore.comparison import compare, next_transaction
from fixtures.targets.backups.restore.tables import PhiTable

pytestmark = pytest.mark.unit
_MARKING = "FUNCTION pg_create_restore_point(text), pg_switch_wal()"


@dataclass(frozen=True)
class BackedUp:
    """A PostgreSQL with one backup."""

    database: LabPostgres
    backup: PgBackRest

    def archive(self, command: str) -> None:
        """What becomes of its WAL from now on."""
        self.database.run(f"ALTER SYSTEM SET archive_command = '{command}'")
        self.database.run("SELECT pg_reload_conf()")

    def deployment(self, environment: str = "test", **backups: str | list[str]) -> Deployment:
        """It, as a target file describes it."""
        declared: dict[str, str | list[str]] = {
            "configuration": str(self.backup.configuration),
            "stanza": STANZA,
            "restore_as": OWNER,
        }
        declared |= backups
        database = self.database
        return Deployment(
            TargetFile.model_validate(
                {
                    "name": "mine",
                    "environment": environment,
                    "application": APPLICATION_FILE,
                    "trust": {"ca": database.ca},
                    "database": {
                        "hosts": [database.address],
                        "name": NAME,
                        "user": AUDITOR,
                        "password": database.vault["postgres.auditor"],
                        "application_role": APPLICATION,
                    },
                    "backups": {name: value for name, value in declared.items() if value},
                }
            )
        )

    def restored(self, environment: str = "test") -> Restoration:
        """A restore through the target file; nothing of it is left."""
        deployment = self.deployment(environment)
        backups = deployment.find(Backups)
        assert isinstance(backups, Backups)
        try:
            return backups.restore()
        finally:
            hosts = deployment.site.workshop.root / "hosts"
            assert [path.name for path in hosts.iterdir()] == []
            deployment.close()
            assert not hosts.exists()


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    lab = Laboratory()
    with lab.bench() as bench:
        yield bench
    lab.close()


@pytest.fixture(scope="module")
def source(bench: Bench) -> BackedUp:
    database = start_postgres(bench, DatabaseFlaws(settings={"archive_mode": "on"}))
    backup = PgBackRest(database.host, bench.host("repository").directory / "backup", "a pass phrase")
    made = BackedUp(database, backup)
    backup.configure()
    made.archive(backup.archive_command)
    database.run(f"GRANT EXECUTE ON {_MARKING} TO {AUDITOR}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {AUDITOR}")
    backup.create()
    backup.back_up()
    return made


def test_a_sound_backup_comes_back_up_to_a_mark(source: BackedUp) -> None:
    """What was written after the backup, and before the mark, too."""
    source.database.run("CREATE TABLE ward (tenant text, name text); INSERT INTO ward VALUES ('a', 'x'), ('a', 'x')")
    source.database.run(f"GRANT SELECT ON ward TO {AUDITOR}")
    seen = source.restored()
    assert (seen.completed, seen.marker_found, seen.checksums_match) == (True, True, True), seen.detail
    assert seen.restored_rows == seen.expected_rows > 10
    assert f"tables as {AUDITOR} sees them, up to restore point gate-" in seen.detail


def test_a_source_that_is_not_written_to_is_compared_as_far_as_its_archive_goes(source: BackedUp) -> None:
    """No restore point, no switch; rows whose WAL is not in the archive yet are not missed."""
    source.database.run("SELECT pg_switch_wal()")
    source.database.run("CREATE TABLE IF NOT EXISTS late (tenant text, name text); INSERT INTO late VALUES ('a', 'x')")
    source.database.run(f"GRANT SELECT ON late TO {AUDITOR}")
    with source.database.connection() as connection:
        before = _one(connection, "SELECT pg_walfile_name(pg_current_wal_lsn())")
    seen = source.restored("production")
    with source.database.connection() as connection:
        assert _one(connection, "SELECT pg_walfile_name(pg_current_wal_lsn())") == before
    assert (seen.completed, seen.marker_found, seen.checksums_match) == (True, True, True), seen.detail
    assert "nothing was written to the source" in seen.detail


def test_an_auditor_who_may_not_mark_compares_likewise(source: BackedUp) -> None:
    source.database.run(f"REVOKE EXECUTE ON {_MARKING} FROM {AUDITOR}")
    try:
        seen = source.restored()
    finally:
        source.database.run(f"GRANT EXECUTE ON {_MARKING} TO {AUDITOR}")
    assert seen.marker_found
    assert "nothing was written to the source" in seen.detail


def test_a_table_that_cannot_be_read_is_said_with_the_grant(source: BackedUp) -> None:
    """It would not be compared."""
    source.database.run("CREATE TABLE hidden (tenant text)")
    try:
        with pytest.raises(CannotLookError, match=f"GRANT SELECT ON public.hidden TO {AUDITOR}"):
            source.restored()
    finally:
        source.database.run("DROP TABLE hidden")


def test_wal_that_was_thrown_away_is_missed(source: BackedUp) -> None:
    """The server believes that it was archived: only a restore tells."""
    source.archive("/bin/true")
    seen = source.restored()
    assert (seen.completed, seen.marker_found) == (False, False)
    assert "recovery target was not reached" in seen.detail or "before configured recovery target" in seen.detail
    assert seen.expected_rows > 0


def test_nobody_restores_without_being_told_who_may(source: BackedUp) -> None:
    for account, words in (("", r"add \[backups\] restore_as"), ("nobody-here", "no such account")):
        deployment = source.deployment(restore_as=account)
        backups = deployment.find(Backups)
        assert isinstance(backups, Backups)
        with pytest.raises(CannotLookError, match=words) as refused:
            backups.restore()
        assert (refused.value.reason is Reason.NOT_DECLARED) == (not account)
        deployment.close()


def test_rows_that_the_copy_lacks_are_told_from_rows_that_it_could_not_have(bench: Bench) -> None:
    """Two databases of one server share its transactions: one is the source, the other the copy."""
    database = start_postgres(bench)
    rows = "CREATE TABLE ward (name text); INSERT INTO ward VALUES ('ada'), ('ada'), ('bo')"
    database.run(rows)
    database.run("CREATE DATABASE copy TEMPLATE postgres")
    with database.connection() as source, database.server.superuser("copy") as copy:
        copy.execute(rows.encode())
        horizon, ward = next_transaction(copy), PhiTable(NAME, "public", "ward")
        source.execute("INSERT INTO ward VALUES ('late')")
        assert _counts(source, copy, ward, horizon) == (3, 3)
        copy.execute("DELETE FROM ward WHERE ctid = (SELECT min(ctid) FROM ward WHERE name = 'ada')")
        assert _counts(source, copy, ward, horizon) == (3, 2)
        copy.execute("UPDATE ward SET name = 'someone else' WHERE name = 'bo'")
        assert _counts(source, copy, ward, horizon) == (3, 1)
        copy.execute("DROP TABLE ward")
        assert _counts(source, copy, ward, horizon) == (3, 0)


def test_a_command_restores_too(source: BackedUp) -> None:
    """Of what it leaves only the restore is known; one that fails has not restored."""
    words = ["pgbackrest", f"--config={source.backup.configuration}", f"--stanza={STANZA}", "--pg1-path={directory}"]
    lock = ["--lock-path={directory}/..", "--type=name", "--target={point}", "--target-action=promote", "restore"]
    source.archive(source.backup.archive_command)
    source.backup.back_up()
    for command, completed in ((words + lock, True), (["false"], False)):
        deployment = source.deployment(kind="command", configuration="", stanza="", restore=command)
        backups = deployment.find(Backups)
        assert isinstance(backups, Backups)
        assert backups.restore().completed is completed
        with pytest.raises(CannotLookError, match="not how old the newest backup is"):
            backups.information()
        deployment.close()


def _counts(
    source: psycopg.Connection[TupleRow], copy: psycopg.Connection[TupleRow], table: PhiTable, horizon: int
) -> tuple[int, int]:
    seen = compare(source, copy, table, horizon)
    return seen.expected, seen.restored


def _one(connection: psycopg.Connection[TupleRow], statement: str) -> object:
    row = connection.execute(statement.encode()).fetchone()
    return row[0] if row else None
