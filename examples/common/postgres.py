"""PostgreSQL under Patroni on one host of an example: who is primary is settled by the leader lock, and copies stream
over verified TLS.

server = PatroniServer(premises, "db1", values, members)     # members: of the etcd that holds the lock
server.leads()                                                # whether it takes writes
"""

from __future__ import annotations

import ipaddress
import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from examples.common.program import Premises
from fixtures.hosts import Host
from fixtures.hosts.files import own, write_private
from fixtures.services import ServiceError
from fixtures.services.database.etcd import CLIENT_PORT, EtcdMember
from fixtures.services.database.installation import PostgresPaths, launch, programs
from fixtures.services.database.provision import superuser
from fixtures.services.database.settings import OWNER, PORT, SUPERUSER, certificate, identities
from fixtures.services.https import ask
from fixtures.stack.certificates import KeyPair
from fixtures.wait import wait_for

API_PORT = 8008
STANDBY, REWIND = "standby", "rewind"
_LOCK_TIMEOUT_S = 30.0
# What every node has from the leader lock; Patroni takes no ttl below 20 s, which is about what a lost host costs.
# Not strict: with its only standby gone, the primary goes on alone.
# https://patroni.readthedocs.io/en/latest/replication_modes.html#synchronous-mode
_DYNAMIC: Mapping[str, Any] = {
    "ttl": 20,
    "loop_wait": 1,
    "retry_timeout": 8,
    "primary_start_timeout": 0,
    "maximum_lag_on_failover": 1048576,
    "synchronous_mode": True,
}


@dataclass(frozen=True)
class ServerValues:
    """What the example says of its servers.

    Args:
        files: what its ``postgresql.conf.j2`` and ``pg_hba.conf.j2`` ask for.
        slots: physical replication slots that every primary keeps, beside those of its standbys.
        name: a name in the servers' certificate beside their addresses, for clients that come by a proxy.
    """

    files: Mapping[str, object] = field(default_factory=dict)
    slots: tuple[str, ...] = ()
    name: str = ""


class PatroniServer:
    """Patroni and its PostgreSQL on one host. Implements `fixtures.services.Service`.

    Args:
        members: of etcd, which holds the leader lock.
    """

    def __init__(self, premises: Premises, name: str, values: ServerValues, members: Sequence[EtcdMember]) -> None:
        self.name, self.host = f"patroni-{name}", premises.host(name)
        self.paths = PostgresPaths(self.host)
        self._premises, self._values, self._members = premises, values, tuple(members)

    @property
    def log(self) -> Path:
        """See `fixtures.services.Service.log`; PostgreSQL writes there too."""
        return self.host.directory / f"{self.name}.log"

    @property
    def configuration(self) -> Path:
        """Patroni's own, which ``patronictl`` takes too."""
        return self.paths.base / "patroni.json"

    def start(self) -> None:
        """See `fixtures.services.Service.start`: write the files, and start on what data there is."""
        self.paths.make()
        self._configure()
        self._spawn()

    def ready(self) -> bool:
        """See `fixtures.services.Service.ready`: PostgreSQL runs, as primary or as standby."""
        return self.ask("/health") == 200

    def stop(self) -> None:
        """See `fixtures.services.Service.stop`."""
        if (process := self.host.process(self.name)) is not None:
            process.stop(timeout_s=10)

    def restart(self) -> None:
        """Stop it, and start it on its files as they are."""
        self.stop()
        self._spawn()

    def leads(self) -> bool:
        """Whether it is the primary and holds the leader lock."""
        try:
            return self.ask("/primary") == 200
        except OSError:
            return False

    def ask(self, path: str) -> int:
        """The status that Patroni's API answers, over mutual TLS.

        Raises:
            OSError: it does not answer.
        """
        tls = self.host.directory / "tls"
        pair = KeyPair(tls / "postgres.crt", tls / "postgres.key")
        ca = self._premises.authority.certificate
        return ask(self.host.address, API_PORT, path, ca=ca, pair=pair).status

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

    def reload(self) -> None:
        """Take up what was changed in the files."""
        if (process := self.host.process(self.name)) is not None:
            os.kill(process.pid, signal.SIGHUP)
        with superuser(self.paths, "postgres") as connection:
            connection.execute("SELECT pg_reload_conf()")

    def _spawn(self) -> None:
        """Patroni would sit out the absence of etcd in steps of 5 s."""
        wait_for(self._lock_answers, what=f"etcd answers {self.name}", timeout_s=_LOCK_TIMEOUT_S)
        env = {"HOME": str(self.paths.base / "home"), "PYTHONUNBUFFERED": "1"}
        (self.paths.data / "postmaster.pid").unlink(missing_ok=True)  # of a server that was killed
        launch(self.host, ["patroni", str(self.configuration)], service=self.name, env=env)

    def _lock_answers(self) -> bool:
        for member in self._members:
            try:
                if member.ready():
                    return True
            except OSError:
                continue
        return False

    def _configure(self) -> None:
        home = self.paths.base / "home"
        home.mkdir(exist_ok=True)
        own(home, OWNER)
        pair = self._premises.pair(self.host, OWNER, *filter(None, [self._values.name]))
        for name in ("postgresql.conf", "pg_hba.conf"):
            self._premises.write(
                f"{name}.j2", self.paths.base / name, OWNER, pair=pair, host=self.host, **self._values.files
            )
        write_private(self.paths.base / "pg_ident.conf", "\n".join([*identities(), ""]), OWNER)
        member = certificate(self._premises.authority, self.host)
        write_private(self.configuration, json.dumps(self._configuration(member), indent=1), OWNER)

    def _configuration(self, member: KeyPair) -> dict[str, Any]:
        ca, address, vault = str(self._premises.authority.certificate), self.host.address, self._premises.vault
        files = {"certfile": str(member.certificate), "keyfile": str(member.key)}
        verified = {"sslmode": "verify-full", "sslrootcert": ca}
        slots = {name: {"type": "physical"} for name in self._values.slots}
        return {
            "scope": "example",
            "name": self.host.name,
            "restapi": {
                "listen": f"{address}:{API_PORT}",
                "connect_address": f"{address}:{API_PORT}",
                "cafile": ca,
                "verify_client": "required",
                **files,
            },
            "ctl": {"cacert": ca, **files},
            "etcd3": {
                "hosts": [f"{m.host.address}:{CLIENT_PORT}" for m in self._members],
                "protocol": "https",
                "cacert": ca,
                "cert": files["certfile"],
                "key": files["keyfile"],
            },
            "bootstrap": {
                "dcs": {
                    **_DYNAMIC,
                    "slots": slots,
                    "postgresql": {
                        "use_pg_rewind": True,
                        "use_slots": True,
                        "parameters": {"max_connections": 60, "wal_log_hints": "on"},
                    },
                },
                "initdb": [
                    "data-checksums",
                    {"encoding": "UTF8"},
                    {"locale": "C.UTF-8"},
                    {"auth-local": "peer"},
                    {"auth-host": "scram-sha-256"},
                ],
            },
            "postgresql": {
                "listen": f"{address}:{PORT}",
                "connect_address": f"{address}:{PORT}",
                "data_dir": str(self.paths.data),
                "bin_dir": str(programs()),
                "pgpass": str(self.paths.base / "pgpass"),
                "custom_conf": str(self.paths.base / "postgresql.conf"),
                "use_unix_socket": True,
                "authentication": {
                    "superuser": {"username": SUPERUSER},
                    "replication": {"username": STANDBY, "password": vault["postgres.standby"], **verified},
                    "rewind": {"username": REWIND, "password": vault["postgres.rewind"], **verified},
                },
                "parameters": {
                    "unix_socket_directories": str(self.paths.socket),
                    "hba_file": str(self.paths.base / "pg_hba.conf"),
                    "ident_file": str(self.paths.base / "pg_ident.conf"),
                },
                "basebackup": [{"checkpoint": "fast"}],
            },
            "tags": {"nofailover": False},
        }


def prefix(host: Host) -> str:
    """The prefix that a host connects from: on loopback all appear as 127.0.0.1."""
    return "127.0.0.0/8" if ipaddress.ip_address(host.address).is_loopback else f"{host.address}/32"
