"""The database of the FHIR service: PostgreSQL on ``db1`` and ``db2``, which fail over."""

from __future__ import annotations

from collections.abc import Mapping

from examples.common.failover import FailoverPair
from examples.common.postgres import PatroniServer, ServerValues, prefix
from examples.common.program import Premises
from fixtures.hosts import Host
from fixtures.services.database.provision import set_password, superuser

HOSTS, WITNESS = ("db1", "db2"), "witness"
NAME, SERVICE, GATE = "fhir", "fhir_service", "gate"
SERVER_NAME, PROXY_PORT = "records.clinic.test", 5433
_LOGINS = (SERVICE, GATE, "metrics", "barman", "streaming_barman")
_SLOTS = ("barman",)


class RecordDatabase:
    """The servers, and how their clients find the primary."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        sources = {name: prefix(premises.host(name)) for name in (*HOSTS, "fhir", "monitor", "backup")}
        self.pair = FailoverPair(premises, HOSTS, WITNESS, ServerValues(sources, _SLOTS, SERVER_NAME))

    @property
    def primary(self) -> PatroniServer:
        """The server that takes writes now."""
        return self.pair.primary

    @property
    def hosts(self) -> tuple[Host, Host]:
        """Of both."""
        return self.pair.hosts

    @property
    def connection(self) -> Mapping[str, str | int]:
        """Where the service connects, and as whom: to HAProxy on its own host, which knows the primary."""
        return {
            "host": "127.0.0.1",
            "port": PROXY_PORT,
            "servername": SERVER_NAME,
            "database": NAME,
            "user": SERVICE,
            "password": self._premises.vault[f"postgres.{SERVICE}"],
        }

    def form(self) -> None:
        """Make the database and its accounts on the primary, once.

        Raises:
            ServiceError: a statement was refused.
        """
        primary = self.primary
        with superuser(primary.paths, "postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (NAME,)).fetchone():
                return
            connection.execute("CREATE DATABASE fhir")
            primary.execute((self._premises.conf / "accounts.sql").read_text())
            primary.execute((self._premises.conf / "schema.sql").read_text(), NAME)
            for role in _LOGINS:
                set_password(connection, role, self._premises.vault[f"postgres.{role}"])

    def follow(self) -> None:
        """Wait until every commit waits for the standby.

        Raises:
            ServiceError: it does not in time.
        """
        self.pair.follow()

    def begin_segment(self) -> None:
        """Begin a new segment of WAL, so that the one before is complete."""
        with superuser(self.primary.paths, "postgres") as connection:
            connection.execute("SELECT pg_switch_wal(), pg_create_restore_point('segment')")
