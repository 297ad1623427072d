"""PostgreSQL on hosts of an example: a primary, and a standby that streams from it over verified TLS.

primary = StreamingServer(premises, "db1", values)
standby = StreamingServer(premises, "db2", values, upstream=primary.host)
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path

import psycopg

from examples.common.program import Premises
from fixtures.hosts import Host
from fixtures.services import ServiceError
from fixtures.services.database.installation import PostgresPaths, launch, programs
from fixtures.services.database.provision import superuser
from fixtures.services.database.settings import OWNER, PORT, identities
from fixtures.services.files import write_private
from fixtures.wait import DeadlineError, wait_for

_FOLLOW_S = 20.0


class StreamingServer:
    """PostgreSQL on one host. Implements `fixtures.services.Service`.

    Args:
        values: what the example's ``postgresql.conf.j2`` and ``pg_hba.conf.j2`` ask for.
        upstream: whom it follows, by a slot named ``standby``; None for the primary.
    """

    def __init__(
        self, premises: Premises, name: str, values: Mapping[str, object], upstream: Host | None = None
    ) -> None:
        self.name, self.host = f"postgres-{name}", premises.host(name)
        self.paths = PostgresPaths(self.host)
        self._premises, self._upstream, self._values = premises, upstream, dict(values)

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

    def execute(self, script: str, database: str = "postgres") -> None:
        """Run a SQL script as superuser, in one transaction.

        Raises:
            ServiceError: a statement was refused.
        """
        where = (f"--host={self.paths.socket}", "--username=postgres", database)
        argv = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", *where]
        done = self.host.run(argv, user=OWNER, stdin=script)
        if done.status != 0:
            msg = f"a script for {database} was refused: {done.stderr.strip()[-1000:]}"
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
        pair = self._premises.pair(self.host, OWNER)
        own = {"address": self.host.address, "socket": self.paths.socket, "pair": pair}
        for name in ("postgresql.conf", "pg_hba.conf"):
            self._premises.write(f"{name}.j2", self.paths.data / name, OWNER, **own, **self._values)
        write_private(self.paths.data / "pg_ident.conf", "\n".join([*identities(), ""]), OWNER)


def prefix(host: Host) -> str:
    """The prefix that a host connects from: on loopback all appear as 127.0.0.1."""
    return "127.0.0.0/8" if ipaddress.ip_address(host.address).is_loopback else f"{host.address}/32"


def await_streaming(primary: StreamingServer, standby: StreamingServer) -> None:
    """Wait until the standby streams.

    Raises:
        ServiceError: it does not in time.
    """

    def streams() -> bool:
        with superuser(primary.paths, "postgres") as connection:
            query = "SELECT 1 FROM pg_stat_replication WHERE application_name = %s AND state = 'streaming'"
            return connection.execute(query, (standby.host.name,)).fetchone() is not None

    try:
        wait_for(streams, what="the standby streams", timeout_s=_FOLLOW_S)
    except DeadlineError as late:
        raise ServiceError(str(late)) from late
