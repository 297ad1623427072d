"""One Redis on host ``cache``: the reading room's work lists. TLS only, and nobody without an account."""

from __future__ import annotations

import hashlib

import redis

from examples.common.program import Launch, Premises, Program
from fixtures.hosts.files import own

PORT, OPERATOR, OWNER = 6379, "operator", "redis"


def worklist(premises: Premises) -> Program:
    """The server."""
    host = premises.host("cache")
    directory = host.directory / "redis"

    def configure() -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        own(directory, OWNER)
        names = ("readingroom", "exporter", OPERATOR)
        digests = {name: hashlib.sha256(premises.vault[f"redis.{name}"].encode()).hexdigest() for name in names}
        premises.write("users.acl.j2", directory / "users.acl", OWNER, **digests)
        pair = premises.pair(host, OWNER)
        premises.write(
            "redis.conf.j2", directory / "redis.conf", OWNER, address=host.address, pair=pair, directory=directory
        )

    def probe() -> bool:
        try:
            with connect(premises) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    return Program("redis", host, Launch(("redis-server", str(directory / "redis.conf")), OWNER), configure, probe)


def connect(premises: Premises) -> redis.Redis:
    """A client, as the operator."""
    return redis.Redis(
        host=premises.host("cache").address,
        port=PORT,
        username=OPERATOR,
        password=premises.vault[f"redis.{OPERATOR}"],
        ssl=True,
        ssl_ca_certs=str(premises.authority.certificate),
        socket_timeout=2.0,
    )
