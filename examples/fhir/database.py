"""The database of the FHIR service: PostgreSQL on ``db1``, with a streaming standby on ``db2``."""

from __future__ import annotations

from collections.abc import Mapping

from examples.common.postgres import StreamingServer, await_streaming, prefix
from examples.common.program import Premises
from fixtures.hosts import Host
from fixtures.services.database.provision import set_password, superuser
from fixtures.services.database.settings import PORT

HOSTS = ("db1", "db2")
NAME, SERVICE, GATE = "fhir", "fhir_service", "gate"
_LOGINS = (SERVICE, GATE, "standby", "metrics", "barman", "streaming_barman")
_SLOTS = ("standby", "barman")


class RecordDatabase:
    """The primary and its standby."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        sources = {name: prefix(premises.host(name)) for name in (*HOSTS, "fhir", "monitor", "backup")}
        self.primary = StreamingServer(premises, "db1", sources)
        self.standby = StreamingServer(premises, "db2", sources, upstream=self.primary.host)

    @property
    def hosts(self) -> tuple[Host, ...]:
        """Of both."""
        return self.primary.host, self.standby.host

    @property
    def connection(self) -> Mapping[str, str | int]:
        """Where the service connects, and as whom."""
        return {
            "host": self.primary.host.address,
            "port": PORT,
            "database": NAME,
            "user": SERVICE,
            "password": self._premises.vault[f"postgres.{SERVICE}"],
        }

    def form(self) -> None:
        """Make the database, its accounts and the slots on the primary, once.

        Raises:
            ServiceError: a statement was refused.
        """
        with superuser(self.primary.paths, "postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (NAME,)).fetchone():
                return
            connection.execute("CREATE DATABASE fhir")
            self.primary.execute((self._premises.conf / "accounts.sql").read_text())
            self.primary.execute((self._premises.conf / "schema.sql").read_text(), NAME)
            for role in _LOGINS:
                set_password(connection, role, self._premises.vault[f"postgres.{role}"])
            for slot in _SLOTS:
                connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (slot,))

    def follow(self) -> None:
        """Wait until the standby streams.

        Raises:
            ServiceError: it does not in time.
        """
        await_streaming(self.primary, self.standby)

    def begin_segment(self) -> None:
        """Begin a new segment of WAL, so that the one before is complete."""
        with superuser(self.primary.paths, "postgres") as connection:
            connection.execute("SELECT pg_switch_wal(), pg_create_restore_point('segment')")
