"""The provider's tokens: one Redis primary with two replicas, and a Sentinel beside each; TLS and accounts everywhere."""

from __future__ import annotations

import hashlib

import redis

from examples.fhir.program import Launch, Premises, Program
from fixtures.hosts import Host
from fixtures.services import Service, ServiceError
from fixtures.services.files import own
from fixtures.wait import DeadlineError, wait_for

HOSTS = ("cache1", "cache2", "cache3")
PORT, SENTINEL_PORT, NAME = 6379, 26379, "tokens"
OPERATOR = "operator"
_OWNER = "redis"
_FORM_S = 20.0


class TokenStore:
    """Redis and its Sentinels on ``cache1`` to ``cache3``; the first is primary at the start."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self.hosts = tuple(premises.host(name) for name in HOSTS)

    @property
    def services(self) -> list[Service]:
        """The servers, then the Sentinels."""
        return [*(self._server(host) for host in self.hosts), *(self._sentinel(host) for host in self.hosts)]

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
                primary = sentinel.sentinel_master(NAME)
                if int(primary["num-other-sentinels"]) != 2 or int(primary["num-slaves"]) != 2:
                    return False
        with self.connect(self.hosts[0]) as primary_server:
            return int(primary_server.info("replication")["connected_slaves"]) == 2

    def _server(self, host: Host) -> Program:
        directory = host.directory / "redis"

        def prepare() -> Launch:
            self._directory(host, "redis")
            self._premises.write("users.acl.j2", directory / "users.acl", _OWNER, **self._digests())
            primary = "" if host.name == HOSTS[0] else self.hosts[0].address
            path = self._premises.write(
                "redis.conf.j2",
                directory / "redis.conf",
                _OWNER,
                address=host.address,
                pair=self._premises.pair(host, _OWNER),
                directory=directory,
                primary=primary,
                replica_password=self._premises.vault["redis.replica"],
            )
            return Launch(("redis-server", str(path)), _OWNER)

        return Program(f"redis-{host.name}", host, prepare, lambda: self._pings(host, PORT))

    def _sentinel(self, host: Host) -> Program:
        directory = host.directory / "sentinel"

        def prepare() -> Launch:
            self._directory(host, "sentinel")
            self._premises.write("sentinel.acl.j2", directory / "users.acl", _OWNER, **self._digests())
            path = self._premises.write(
                "sentinel.conf.j2",
                directory / "sentinel.conf",
                _OWNER,
                address=host.address,
                pair=self._premises.pair(host, _OWNER),
                directory=directory,
                primary=self.hosts[0].address,
                sentinel_password=self._premises.vault["redis.sentinel"],
            )
            return Launch(("redis-server", str(path), "--sentinel"), _OWNER)

        return Program(f"sentinel-{host.name}", host, prepare, lambda: self._pings(host, SENTINEL_PORT))

    @staticmethod
    def _directory(host: Host, name: str) -> None:
        directory = host.directory / name
        directory.mkdir(mode=0o700, exist_ok=True)
        own(directory, _OWNER)

    def _digests(self) -> dict[str, str]:
        names = ("provider", "replica", "sentinel", "exporter", OPERATOR)
        return {name: hashlib.sha256(self._premises.vault[f"redis.{name}"].encode()).hexdigest() for name in names}

    def _pings(self, host: Host, port: int) -> bool:
        try:
            with self.connect(host, port) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
