"""Monitoring on host ``monitor``: Prometheus, Alertmanager, and the exporters of the database and of the token
store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from examples.common.desk import Desk
from examples.common.program import Launch, Premises, Program, service_account
from examples.fhir.cache import PORT as CACHE_PORT
from examples.fhir.cache import TokenStore
from examples.fhir.database import RecordDatabase
from examples.fhir.edge import METRICS_PORT
from fixtures.services.database.settings import PORT as DATABASE_PORT
from fixtures.services.https import ask
from fixtures.stack.certificates import KeyPair

PROMETHEUS_PORT, ALERTMANAGER_PORT, DATABASE_EXPORTER_PORT, CACHE_EXPORTER_PORT = 9090, 9093, 9187, 9121


@dataclass(frozen=True)
class ScrapeJob:
    """What Prometheus scrapes.

    Args:
        exporter: ``host:port`` of the exporter that asks all ``targets``; empty when they are asked themselves.
    """

    name: str
    targets: Sequence[str]
    path: str = "/metrics"
    exporter: str = ""


class MonitoringHost:
    """All of it."""

    def __init__(self, premises: Premises, database: RecordDatabase, store: TokenStore) -> None:
        self._premises, self._database, self._store = premises, database, store
        self.host, self._account = premises.host("monitor"), service_account("prometheus")
        self.desk = Desk(premises, self.host)
        self.prometheus, self.alertmanager = self._prometheus(), self._alertmanager()
        self.exporters = self._database_exporter(), self._cache_exporter()

    def address(self, port: int) -> str:
        """``host:port`` of one of its programs."""
        return f"{self.host.address}:{port}"

    def _prometheus(self) -> Program:
        directory = self.host.directory / "prometheus"
        argv = ("prometheus", f"--storage.tsdb.path={directory / 'data'}", "--storage.tsdb.retention.time=1d")

        def configure() -> None:
            rules, values = directory / "alerts.yml", {"jobs": self._jobs(), "pair": self._pair()}
            alertmanager = self.address(ALERTMANAGER_PORT)
            self._write("prometheus", "prometheus.yml", rules=rules, alertmanager=alertmanager, **values)
            self._write("prometheus", "alerts.yml")

        return self._member("prometheus", PROMETHEUS_PORT, argv, configure)

    def _alertmanager(self) -> Program:
        storage = f"--storage.path={self.host.directory / 'alertmanager' / 'data'}"
        argv = ("prometheus-alertmanager", storage, "--cluster.listen-address=")
        return self._member(
            "alertmanager",
            ALERTMANAGER_PORT,
            argv,
            lambda: self._write("alertmanager", "alertmanager.yml", desk=self.desk.url),
        )

    def _database_exporter(self) -> Program:
        secret = self._premises.vault["postgres.metrics"]
        query = f"sslmode=verify-full&sslrootcert={self._premises.authority.certificate}"
        sources = [
            f"postgresql://metrics:{secret}@{host.address}:{DATABASE_PORT}/postgres?{query}"
            for host in self._database.hosts
        ]
        # These two collectors trip over a second server.
        argv = ("prometheus-postgres-exporter", "--no-collector.database", "--no-collector.bgwriter")
        env = {"DATA_SOURCE_NAME": ",".join(sources)}
        return self._member("postgres-exporter", DATABASE_EXPORTER_PORT, argv, lambda: None, env=env)

    def _cache_exporter(self) -> Program:
        pair, ca = self._pair(), self._premises.authority.certificate
        argv = (
            "prometheus-redis-exporter",
            f"-web.listen-address={self.address(CACHE_EXPORTER_PORT)}",
            "-redis.addr=",
            f"-tls-ca-cert-file={ca}",
            f"-tls-server-cert-file={pair.certificate}",
            f"-tls-server-key-file={pair.key}",
            f"-tls-server-ca-cert-file={ca}",
        )
        env = {"REDIS_USER": "exporter", "REDIS_PASSWORD": self._premises.vault["redis.exporter"]}
        launch = Launch(argv, self._account, env)
        return Program(
            "redis-exporter", self.host, launch, lambda: None, lambda: self._answers(CACHE_EXPORTER_PORT, "/")
        )

    def _member(
        self,
        name: str,
        port: int,
        argv: tuple[str, ...],
        configure: Callable[[], None],
        *,
        env: dict[str, str] | None = None,
    ) -> Program:
        """A program of Prometheus' own family: they take TLS and their address in the same way."""
        directory = self.host.directory / name
        flags = [f"--web.listen-address={self.address(port)}", f"--web.config.file={directory / 'web.yml'}"]
        if name in ("prometheus", "alertmanager"):
            flags.append(f"--config.file={directory / f'{name}.yml'}")

        def configure_all() -> None:
            self._write(name, "web.yml", pair=self._pair())
            configure()

        launch = Launch((*argv, *flags, "--log.level=warn"), self._account, env or {})
        page = "/" if env else "/-/ready"
        return Program(name, self.host, launch, configure_all, lambda: self._answers(port, page))

    def _jobs(self) -> list[ScrapeJob]:
        caches = [f"rediss://{host.address}:{CACHE_PORT}" for host in self._store.hosts]
        return [
            ScrapeJob("haproxy", [f"{self._premises.host('edge').address}:{METRICS_PORT}"]),
            ScrapeJob("postgres", [self.address(DATABASE_EXPORTER_PORT)]),
            ScrapeJob("redis", caches, "/scrape", self.address(CACHE_EXPORTER_PORT)),
            ScrapeJob("prometheus", [self.address(PROMETHEUS_PORT)]),
            ScrapeJob("alertmanager", [self.address(ALERTMANAGER_PORT)]),
        ]

    def _pair(self) -> KeyPair:
        return self._premises.pair(self.host, self._account)

    def _write(self, name: str, file: str, **values: object) -> None:
        self._premises.write(f"{file}.j2", self.host.directory / name / file, self._account, **values)

    def _answers(self, port: int, path: str) -> bool:
        ca = self._premises.authority.certificate
        return ask(self.host.address, port, path, ca=ca, pair=self._pair()).status == 200
