"""The provider's tokens: one Redis primary with two replicas, and a Sentinel beside each; TLS and accounts
everywhere.
"""

from __future__ import annotations

import hashlib

import redis

from examples.common.program import Launch, Premises, Program
from fixtures.hosts import Host
from fixtures.services import ServiceError
from fixtures.wait import DeadlineError, wait_for

HOSTS = ("cache1", "cache2", "cache3")
PORT, SENTINEL_PORT, NAME = 6379, 26379, "tokens"
OPERATOR = "operator"
_ACCOUNT = "redis"
_FORM_S = 20.0


class TokenStore:
    """Redis and its Sentinels on ``cache1`` to ``cache3``; the first is primary at the start."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self.hosts = tuple(premises.host(name) for name in HOSTS)
        self.servers = tuple(self._program(host, "redis", PORT) for host in self.hosts)
        self.sentinels = tuple(self._program(host, "sentinel", SENTINEL_PORT, "--sentinel") for host in self.hosts)

    def form(self) -> None:
        """Wait until both replicas follow and every Sentinel knows the others.

        Raises:
            ServiceError: they do not in time.
        """
        try:
            wait_for(self._formed, what="the Redis Sentinels agree", timeout_s=_FORM_S, swallow=(redis.RedisError,))
        except DeadlineError as late:
            raise ServiceError(str(late)) from late

    def connect(self, host: Host, port: int = PORT) -> redis.Redis:
        """A client of one server, or of the Sentinel beside it, as the operator."""
        return redis.Redis(
            host=host.address,
            port=port,
            username=OPERATOR,
            password=self._premises.vault["redis.operator"],
            ssl=True,
            ssl_ca_certs=str(self._premises.authority.certificate),
            socket_timeout=2.0,
            decode_responses=True,
        )

    def _formed(self) -> bool:
        for host in self.hosts:
            with self.connect(host, SENTINEL_PORT) as sentinel:
                seen = sentinel.sentinel_master(NAME)
                if int(seen["num-other-sentinels"]) != 2 or int(seen["num-slaves"]) != 2:
                    return False
        with self.connect(self.hosts[0]) as primary:
            return int(primary.info("replication")["connected_slaves"]) == 2

    def _program(self, host: Host, kind: str, port: int, *options: str) -> Program:
        """A server or a Sentinel: the same program, configured by files of their own."""
        premises, directory = self._premises, host.directory / kind
        vault = premises.vault

        def configure() -> None:
            premises.write(f"{kind}.acl.j2", directory / "users.acl", _ACCOUNT, **self._digests())
            premises.write(
                f"{kind}.conf.j2",
                directory / f"{kind}.conf",
                _ACCOUNT,
                address=host.address,
                pair=premises.pair(host, _ACCOUNT),
                directory=directory,
                primary=self.hosts[0].address,
                replica=host is not self.hosts[0],
                replica_password=vault["redis.replica"],
                sentinel_password=vault["redis.sentinel"],
            )
            directory.chmod(0o700)

        launch = Launch(("redis-server", str(directory / f"{kind}.conf"), *options), _ACCOUNT)
        return Program(f"{kind}-{host.name}", host, launch, configure, lambda: self._pings(host, port))

    def _digests(self) -> dict[str, str]:
        names = ("provider", "replica", "sentinel", "exporter", OPERATOR)
        return {name: hashlib.sha256(self._premises.vault[f"redis.{name}"].encode()).hexdigest() for name in names}

    def _pings(self, host: Host, port: int) -> bool:
        try:
            with self.connect(host, port) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
