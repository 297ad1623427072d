"""The lab: builds the smallest real thing, clean by default, broken in exactly the way that the arguments say.

Every call starts fresh real services, which are gone when the lab closes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from checks.targets import (
    Api,
    Backups,
    Cache,
    Canary,
    Database,
    Drills,
    Edge,
    Federation,
    Hosts,
    Inference,
    Loads,
    Mechanism,
    Monitoring,
)

NO_SETTINGS: Mapping[str, object] = {}
CLEAN_PROTOCOLS = "TLSv1.2 TLSv1.3"


class Lab(Protocol):
    """Builders, one per kind of target. With no argument each returns the clean twin."""

    def edge(
        self,
        *,
        protocols: str = CLEAN_PROTOCOLS,
        ciphers: str = "",
        certificate: str = "valid",
        replace: Mapping[str, str] | None = None,
    ) -> Edge:
        """The reference edge's nginx in front of a small static upstream.

        Args:
            protocols: nginx ``ssl_protocols``.
            ciphers: OpenSSL cipher list in place of the reference one.
            certificate: ``valid``, ``self-signed``, ``expired``, ``expiring`` (a day left) or ``wrong-name``.
            replace: text of the rendered nginx.conf -> what stands there instead.
        """
        ...

    def legacy_edge(self, version: str) -> Edge:
        """A tlslite-ng server that speaks only ``version``: SSLv3, TLSv1.0 or TLSv1.1."""
        ...

    def api(self, *, settings: Mapping[str, object] = NO_SETTINGS, sql: str = "") -> Api:
        """The router over a fresh database and cache.

        Args:
            settings: dotted setting -> value in place of the reference one, e.g. ``{"session.token_seconds": 86400}``.
            sql: run as superuser in the database before the router starts.
        """
        ...

    def database(self, *, sql: str = "", access: str = "", settings: Mapping[str, str] | None = None) -> Database:
        """A single PostgreSQL with the reference schema, roles and some patients.

        Args:
            sql: run as superuser after the schema.
            access: lines put at the head of pg_hba.conf.
            settings: postgresql.conf settings in place of the reference ones.
        """
        ...

    def cache(
        self,
        *,
        settings: Mapping[str, str] | None = None,
        acl: Sequence[str] = (),
        slots: int = 16384,
        replicas: int = 1,
    ) -> Cache:
        """A Redis Cluster of one primary that owns the first ``slots`` slots, and its replicas; TLS and ACL as in the
        reference; ``acl`` lines are added, or stand for the reference's line of the same user.
        """
        ...

    def inference(self, *, stopped: int = 0) -> Inference:
        """Two inference servers, of which ``stopped`` are killed."""
        ...

    def hosts(self, *, key_mode: int = 0o600, account: str = "redis") -> Hosts:
        """A host with a private key of the given mode, and a Redis that runs under the given account."""
        ...

    def monitoring(
        self, *, rules: bool = True, receiver: bool = True, scraped: bool = True, expression: str = "up == 0"
    ) -> Monitoring:
        """Prometheus, Alertmanager and a receiver over one scraped service; without its rule, its receiver, or with
        the scraped service stopped; ``expression`` is what its one alerting rule evaluates.
        """
        ...

    def backups(
        self, *, encrypted: bool = True, damaged: bool = False, stale: bool = False, archiving: bool = True
    ) -> Backups:
        """A PostgreSQL with one pgBackRest backup: in clear, with bytes overwritten, 10 days old, or without the WAL
        since then.
        """
        ...

    def history(
        self, *, durable: bool = True, restarted: bool = True, fenced: bool = True, rejoins: bool = True
    ) -> Drills:
        """A drill on a PostgreSQL with one replica, killed under writes.

        Args:
            durable: False acknowledges commits before they are on disk.
            restarted: False leaves it dead.
            fenced: False promotes the replica instead, while the primary still runs.
            rejoins: False loses the replica for good.
        """
        ...

    def load_history(
        self,
        *,
        slow_share: float = 0.0,
        slow_s: float | None = None,
        late_start_share: float = 0.0,
        late_start_s: float | None = None,
        error_share: float = 0.0,
        overload: str = "refused",
    ) -> Loads:
        """Short loads on a small server, recorded with the policy's objectives and as large as its promises need.

        Args:
            slow_share: of the requests that are answered ``slow_s`` later; above every limit unless told.
            late_start_share: of the chats whose first token comes ``late_start_s`` later; above its limit unless told.
            error_share: of the requests that fail.
            overload: what the server does in a spike: ``refused`` as soon as its queue is full, ``refused late``,
                ``queued`` without bound, or ``careless``: it loses and doubles what it acknowledged, and keeps what it
                refused.
        """
        ...

    def taken_gpu(self, what: str) -> Loads:
        """The clean twin's load, while something else takes more of a GPU's ``memory``, or of its ``time``, than the
        policy allows. Only a GPU that nobody uses is taken.

        Raises:
            CannotLookError: this machine has none.
        """
        ...

    def mechanism(
        self,
        *,
        settings: Mapping[str, object] = NO_SETTINGS,
        at_node: Mapping[str, object] = NO_SETTINGS,
        served: Mapping[str, object] = NO_SETTINGS,
        served_by: int = 3,
        served_by_router: bool = False,
        cached: str = "",
        enforced: bool = True,
        serialised: bool = True,
        noiseless: int = 0,
    ) -> Mechanism:
        """The router and its nodes.

        Args:
            settings: dotted setting -> value in the settings files of router and nodes, e.g.
                ``privacy.noise_multiplier``.
            at_node: the same, in the file of one node only.
            served: the same for what the nodes were started with, when that is not what their files say any more.
            served_by: by how many of the nodes; the others keep to their files.
            served_by_router: True has the router started with it as well.
            cached: ``nodes`` or ``application`` have a proxy in front of them that remembers answers.
            enforced: False discards every charge in the database as soon as its answer is stored.
            serialised: False takes the lock out of the database that keeps one user's reservations apart.
            noiseless: in the place of so many nodes answers a program that says it adds noise, and adds none.
        """
        ...

    def federation(
        self, *, client_certificates: bool = True, settings: Mapping[str, object] = NO_SETTINGS, behaviour: str = ""
    ) -> Federation:
        """A router with three hospital nodes.

        Args:
            client_certificates: False lets the nodes answer callers without one.
            settings: dotted setting -> value in place of the router's reference one, e.g. ``federation.rounds``.
            behaviour: of a program that stands in one node's place: ``idle`` takes part in training and learns nothing.
        """
        ...

    def canary(self, *, leak: str = "") -> Canary:
        """The canary driven through a small system with one ``leak``: "", ``clear-column``, ``log`` or ``wire``."""
        ...
