"""The database of the FHIR service: PostgreSQL on ``db1``, with a streaming standby on ``db2``."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path

import psycopg

from examples.common.program import Premises
from fixtures.hosts import Host
from fixtures.services import ServiceError
from fixtures.services.database.installation import PostgresPaths, launch, programs
from fixtures.services.database.provision import set_password, superuser
from fixtures.services.database.settings import OWNER, PORT, identities
from fixtures.services.files import write_private
from fixtures.wait import DeadlineError, wait_for

HOSTS = ("db1", "db2")
NAME, SERVICE, GATE = "fhir", "fhir_service", "gate"
_LOGINS = (SERVICE, GATE, "standby", "metrics", "barman", "streaming_barman")
_SLOTS = ("standby", "barman")
_FOLLOW_S = 20.0


class Server:
    """PostgreSQL on one host. Implements `fixtures.services.Service`.

    Args:
        upstream: whom it follows; None for the primary.
    """

    def __init__(self, premises: Premises, name: str, upstream: Host | None = None) -> None:
        self.name, self.host = f"postgres-{name}", premises.host(name)
        self.paths = PostgresPaths(self.host)
        self._premises, self._upstream = premises, upstream

    @property
    def log(self) -> Path:
        """See `fixtures.services.Service.log`."""
        return self.host.directory / f"{self.name}.log"

    def start(self) -> None:
        """See `fixtures.services.Service.start`; makes the data directory when there is none.

        Raises:
            ServiceError: it could not be made.
        """
        self.paths.make()
        if not (self.paths.data / "PG_VERSION").exists():
            self._copy_from(self._upstream) if self._upstream else self._create()
        self._configure()
        (self.paths.data / "postmaster.pid").unlink(missing_ok=True)  # of a server that was killed
        self._spawn()

    def ready(self) -> bool:
        """See `fixtures.services.Service.ready`."""
        try:
            superuser(self.paths, "postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """See `fixtures.services.Service.stop`: a fast shutdown."""
        if (process := self.host.process(self.name)) is not None:
            process.stop(timeout_s=10, signum=2)

    def restart(self) -> None:
        """Stop it, and start it on its files as they are."""
        self.stop()
        self._spawn()

    def run(self, script: Path, database: str) -> None:
        """Run a SQL script as superuser.

        Raises:
            ServiceError: a statement was refused.
        """
        where = (f"--host={self.paths.socket}", "--username=postgres", database)
        argv = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", *where]
        done = self.host.run(argv, user=OWNER, stdin=script.read_text())
        if done.status != 0:
            msg = f"{script.name} was refused: {done.stderr.strip()[-1000:]}"
            raise ServiceError(msg)

    def _spawn(self) -> None:
        launch(self.host, [str(programs() / "postgres"), "-D", str(self.paths.data)], service=self.name)

    def _create(self) -> None:
        options = ("--username=postgres", "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=peer")
        done = self.host.run(
            [str(programs() / "initdb"), "--no-sync", "--pgdata", str(self.paths.data), *options], user=OWNER
        )
        if done.status != 0:
            msg = f"initdb on {self.host.name}: {done.stderr.strip()}"
            raise ServiceError(msg)

    def _copy_from(self, upstream: Host) -> None:
        connection = f"{self._conninfo(upstream)} dbname=replication"
        options = ("--wal-method=stream", "--checkpoint=fast", "--no-sync", "--slot=standby", "--write-recovery-conf")
        argv = [str(programs() / "pg_basebackup"), f"--pgdata={self.paths.data}", f"--dbname={connection}", *options]
        done = self.host.run(argv, user=OWNER)
        if done.status != 0:
            msg = f"{self.host.name} could not copy {upstream.name}: {done.stderr.strip()[-500:]}"
            raise ServiceError(msg)

    def _conninfo(self, upstream: Host) -> str:
        secrets = self.host.directory / "postgres" / "passfile"
        write_private(secrets, f"*:*:*:standby:{self._premises.vault['postgres.standby']}\n", OWNER)
        parts = {
            "host": upstream.address,
            "port": PORT,
            "user": "standby",
            "application_name": self.host.name,
            "passfile": secrets,
            "sslmode": "verify-full",
            "sslrootcert": self._premises.authority.certificate,
        }
        return " ".join(f"{name}={value}" for name, value in parts.items())

    def _configure(self) -> None:
        premises, data = self._premises, self.paths.data
        premises.write(
            "postgresql.conf.j2",
            data / "postgresql.conf",
            OWNER,
            address=self.host.address,
            socket=self.paths.socket,
            pair=premises.pair(self.host, OWNER),
        )
        premises.write(
            "pg_hba.conf.j2",
            data / "pg_hba.conf",
            OWNER,
            **{name: _source(premises.host(name)) for name in (*HOSTS, "fhir", "monitor", "backup")},
        )
        write_private(data / "pg_ident.conf", "\n".join([*identities(), ""]), OWNER)


def _source(host: Host) -> str:
    """The prefix that a host connects from: on loopback all appear as 127.0.0.1."""
    return "127.0.0.0/8" if ipaddress.ip_address(host.address).is_loopback else f"{host.address}/32"


class Database:
    """The primary and its standby."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self.primary = Server(premises, "db1")
        self.standby = Server(premises, "db2", upstream=self.primary.host)

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
            ServiceError: a step failed.
        """
        with superuser(self.primary.paths, "postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (NAME,)).fetchone():
                return
            connection.execute("CREATE DATABASE fhir")
            self.primary.run(self._premises.conf / "accounts.sql", "postgres")
            self.primary.run(self._premises.conf / "schema.sql", NAME)
            for role in _LOGINS:
                set_password(connection, role, self._premises.vault[f"postgres.{role}"])
            for slot in _SLOTS:
                connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (slot,))

    def follow(self) -> None:
        """Wait until the standby streams.

        Raises:
            ServiceError: it does not in time.
        """
        try:
            wait_for(self._streams, what="the standby streams", timeout_s=_FOLLOW_S)
        except DeadlineError as late:
            raise ServiceError(str(late)) from late

    def begin_segment(self) -> None:
        """Begin a new segment of WAL, so that the one before is complete."""
        with superuser(self.primary.paths, "postgres") as connection:
            connection.execute("SELECT pg_switch_wal(), pg_create_restore_point('segment')")

    def _streams(self) -> bool:
        with superuser(self.primary.paths, "postgres") as connection:
            query = "SELECT 1 FROM pg_stat_replication WHERE application_name = %s AND state = 'streaming'"
            return connection.execute(query, (self.standby.host.name,)).fetchone() is not None
