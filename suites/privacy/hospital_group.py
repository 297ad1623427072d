"""Two routers over one database and one cache, with three hospital nodes: what the properties need of the whole stack.

Whatever writes to the ledger can be held there, so that a process can be killed at a known point.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from checks.lab import DatabaseFlaws
from fixtures.lab.cache import await_writable, start_redis
from fixtures.lab.database import LabPostgres, start_postgres
from fixtures.lab.federation.nodes import AS_REFERENCE, start_hospitals
from fixtures.lab.inference import start_model_servers
from fixtures.lab.laboratory import Bench
from fixtures.services.hospital import HospitalNode
from fixtures.services.redis import RedisNode
from fixtures.services.router import RouterBackends, RouterService
from fixtures.wait import wait_for

RESERVE, SETTLE = 1, 2  # what can be held: before a reservation is durable, and before an answer is stored
_READY_S = 20.0
_HOLD = """
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::bigint); RETURN NEW; END $$;
CREATE TRIGGER hold_reserve BEFORE INSERT ON privacy_ledger FOR EACH ROW EXECUTE FUNCTION hold(1);
CREATE TRIGGER hold_settle BEFORE UPDATE ON privacy_ledger FOR EACH ROW EXECUTE FUNCTION hold(2);
"""
_WAITING = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = %s"

_CUT = """
SELECT pg_terminate_backend(a.pid) FROM pg_locks w JOIN pg_stat_activity a USING (pid)
WHERE w.locktype = 'advisory' AND NOT w.granted AND w.objid = %s AND a.application_name <> ALL (%s)"""


@dataclass(frozen=True)
class Group:
    """Everything that was started, each still its own to kill and to start."""

    postgres: LabPostgres
    cache: RedisNode
    hospitals: list[HospitalNode]
    routers: list[RouterService]

    def kill_router(self, number: int) -> None:
        """SIGKILL, as when its host loses power."""
        self.routers[number].kill()

    def start_router(self, number: int) -> None:
        """Start it again, ready when this returns."""
        self.routers[number].start()
        self.await_routers()

    def await_routers(self) -> None:
        """Wait until every router is ready."""
        for router in self.routers:
            wait_for(router.ready, what=f"{router.name} is ready", timeout_s=_READY_S)

    def start_hospital(self, number: int) -> None:
        """Start it again, ready when this returns."""
        node = self.hospitals[number]
        node.start()
        wait_for(node.ready, what=f"{node.name} is ready", timeout_s=_READY_S)

    def charges(self, user: str) -> int:
        """Rows of a user's in the ledger."""
        with self.postgres.connection() as connection:
            row = connection.execute("SELECT count(*) FROM privacy_ledger WHERE username = %s", (user,)).fetchone()
        return 0 if row is None else int(row[0])

    def answer(self, user: str, key: str) -> dict[str, object] | None:
        """What is stored for a key."""
        with self.postgres.connection() as connection:
            row = connection.execute(
                "SELECT answer FROM privacy_ledger WHERE username = %s AND idempotency_key = %s", (user, key)
            ).fetchone()
        return None if row is None else row[0]

    @contextmanager
    def held(self, point: int, *, cut: bool = True) -> Iterator[None]:
        """Hold every request at a point.

        Args:
            cut: end those of dead routers first, which the database would otherwise carry out.
        """
        with self.postgres.connection() as holder:
            holder.execute("SELECT pg_advisory_lock(%s)", (point,))
            yield
            if cut:
                holder.execute(_CUT, (point, self._alive()))
            holder.execute("SELECT pg_advisory_unlock(%s)", (point,))

    def await_held(self, point: int) -> None:
        """Wait until a request is held there."""
        with self.postgres.connection() as connection:
            wait_for(
                lambda: connection.execute(_WAITING, (point,)).fetchone(),
                what="a request is held",
                timeout_s=_READY_S,
                interval_s=0.01,
            )

    def _alive(self) -> list[str]:
        return [router.name for router in self.routers if router.host.process(router.name) is not None]


def start_group(bench: Bench, *, tenant_budget: float) -> Group:
    """Start it: the ledger keeps its commits, and the hourly limit of queries is out of the way."""
    cache = start_redis(bench)
    models = bench.shared("privacy models", lambda lab: start_model_servers(lab, 1))
    postgres = start_postgres(bench, DatabaseFlaws(sql=_HOLD), durable=True)
    hospitals = start_hospitals(bench, *[AS_REFERENCE] * 3)
    await_writable(cache)
    settings = {"limits.dp_queries_per_hour": 1_000_000, "privacy.tenant_budget": tenant_budget}
    backends = RouterBackends(
        databases=[postgres.address],
        caches=[cache.address],
        models=[server.url for server in models],
        hospitals=[node.url for node in hospitals],
    )
    routers = []
    for _ in range(2):
        host = bench.host("router")
        routers.append(
            RouterService(bench.driver, bench.vault, bench.authority, host=host, backends=backends, settings=settings)
        )
        routers[-1].start()
    group = Group(postgres, cache, hospitals, routers)
    group.await_routers()
    return group
