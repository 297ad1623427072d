"""Monitoring on host ``monitor``: Prometheus, Alertmanager, and the exporters of the database and of the token store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from examples.fhir.cache import PORT as CACHE_PORT
from examples.fhir.cache import TokenStore
from examples.fhir.database import Database
from examples.fhir.edge import METRICS_PORT
from examples.fhir.program import HERE, Launch, Premises, Program
from fixtures.services.database.settings import PORT as DATABASE_PORT
from fixtures.services.files import own
from fixtures.services.https import ask

PROMETHEUS_PORT, ALERTMANAGER_PORT, DATABASE_EXPORTER_PORT, CACHE_EXPORTER_PORT = 9090, 9093, 9187, 9121
_ACCOUNT = "prometheus"


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

    def __init__(self, premises: Premises, database: Database, store: TokenStore) -> None:
        self._premises, self._database, self._store = premises, database, store
        self.host = premises.host("monitor")
        self._account = premises.account(_ACCOUNT)

    @property
    def services(self) -> list[Program]:
        """Exporters first."""
        return [self._database_exporter(), self._cache_exporter(), self._alertmanager(), self._prometheus()]

    def address(self, port: int) -> str:
        """``host:port`` of one of its programs."""
        return f"{self.host.address}:{port}"

    def _prometheus(self) -> Program:
        edge = self._premises.host("edge").address
        caches = [f"rediss://{host.address}:{CACHE_PORT}" for host in self._store.hosts]
        jobs = [
            ScrapeJob("haproxy", [f"{edge}:{METRICS_PORT}"]),
            ScrapeJob("postgres", [self.address(DATABASE_EXPORTER_PORT)]),
            ScrapeJob("redis", caches, "/scrape", self.address(CACHE_EXPORTER_PORT)),
            ScrapeJob("prometheus", [self.address(PROMETHEUS_PORT)]),
            ScrapeJob("alertmanager", [self.address(ALERTMANAGER_PORT)]),
        ]
        rules = self.host.directory / "prometheus" / "alerts.yml"
        options = ["--storage.tsdb.retention.time=1d", "--log.level=warn"]
        values = {"jobs": jobs, "rules": rules, "alertmanager": self.address(ALERTMANAGER_PORT)}
        return self._program("prometheus", PROMETHEUS_PORT, options, values)

    def _alertmanager(self) -> Program:
        options = ["--cluster.listen-address=", "--log.level=warn"]
        return self._program("alertmanager", ALERTMANAGER_PORT, options, {})

    def _program(self, name: str, port: int, options: Sequence[str], values: Mapping[str, object]) -> Program:
        """Prometheus or Alertmanager, which are configured and started alike."""
        directory = self.host.directory / name
        command = name if name == "prometheus" else f"prometheus-{name}"
        storage = "--storage.tsdb.path" if name == "prometheus" else "--storage.path"

        def prepare() -> Launch:
            pair = self._premises.pair(self.host, self._account)
            files = {
                flag: self._premises.write(f"{file}.yml.j2", directory / f"{file}.yml", self._account, pair=pair, **values)
                for flag, file in (("config.file", name), ("web.config.file", "web"))
            }
            if name == "prometheus":
                rules = directory / "alerts.yml"
                rules.write_text((HERE / "conf" / "alerts.yml").read_text())
                own(rules, self._account or None)
            flags = [f"--{flag}={path}" for flag, path in files.items()]
            argv = (command, *flags, f"--web.listen-address={self.address(port)}", f"{storage}={directory / 'data'}", *options)
            return Launch(argv, self._account)

        return Program(name, self.host, prepare, lambda: self._answers(port, "/-/ready"))

    def _database_exporter(self) -> Program:
        secret = self._premises.vault["postgres.metrics"]
        trust = f"sslmode=verify-full&sslrootcert={self._premises.authority.certificate}"
        sources = [
            f"postgresql://metrics:{secret}@{host.address}:{DATABASE_PORT}/postgres?{trust}" for host in self._database.hosts
        ]

        def prepare() -> Launch:
            pair = self._premises.pair(self.host, self._account)
            web = self._premises.write(
                "web.yml.j2", self.host.directory / "postgres-exporter" / "web.yml", self._account, pair=pair
            )
            argv = (
                "prometheus-postgres-exporter",
                f"--web.listen-address={self.address(DATABASE_EXPORTER_PORT)}",
                f"--web.config.file={web}",
                "--no-collector.database",  # these two trip over a second server
                "--no-collector.bgwriter",
                "--log.level=warn",
            )
            return Launch(argv, self._account, {"DATA_SOURCE_NAME": ",".join(sources)})

        return Program("postgres-exporter", self.host, prepare, lambda: self._answers(DATABASE_EXPORTER_PORT, "/"))

    def _cache_exporter(self) -> Program:
        def prepare() -> Launch:
            pair, ca = self._premises.pair(self.host, self._account), self._premises.authority.certificate
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
            return Launch(argv, self._account, env)

        return Program("redis-exporter", self.host, prepare, lambda: self._answers(CACHE_EXPORTER_PORT, "/"))

    def _answers(self, port: int, path: str) -> bool:
        ca, pair = self._premises.authority.certificate, self._premises.pair(self.host, self._account)
        return ask(self.host.address, port, path, ca=ca, pair=pair).status == 200
