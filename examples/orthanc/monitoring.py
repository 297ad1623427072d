"""Monitoring on host ``monitor``: Prometheus, Alertmanager, and Debian's exporters of PostgreSQL and Redis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from examples.common.desk import Desk
from examples.common.program import Launch, Premises, Program, service_account
from examples.orthanc.archive import HOSTS, METRICS
from examples.orthanc.cache import PORT as CACHE_PORT
from examples.orthanc.database import ArchiveDatabase
from examples.orthanc.front import PORT as FRONT_PORT
from examples.orthanc.model import DepartmentModel
from fixtures.hosts.files import write_private
from fixtures.services.database.settings import PORT as DATABASE_PORT
from fixtures.services.https import ask

PROMETHEUS_PORT, ALERTMANAGER_PORT, DATABASE_EXPORTER_PORT, CACHE_EXPORTER_PORT = 9090, 9093, 9187, 9121


class ArchiveMonitoring:
    """All of it; members of the deployment only, by their certificates."""

    def __init__(self, premises: Premises, database: ArchiveDatabase, model: DepartmentModel) -> None:
        self._premises, self._model = premises, model
        self.host, self._account = premises.host("monitor"), service_account("prometheus")
        self._servers = tuple(host.address for host in database.pair.hosts)
        self.desk = Desk(premises, self.host)
        self.programs = (
            self._database_exporter(),
            self._cache_exporter(),
            self.desk.program,
            self._alertmanager(),
            self._prometheus(),
        )

    def address(self, port: int) -> str:
        """``host:port`` of one of its programs."""
        return f"{self.host.address}:{port}"

    def _prometheus(self) -> Program:
        directory, premises = self.host.directory / "prometheus", self._premises
        argv = ("prometheus", f"--storage.tsdb.path={directory / 'data'}", "--storage.tsdb.retention.time=1d")

        def configure() -> None:
            premises.write(
                "prometheus.yml.j2",
                directory / "prometheus.yml",
                self._account,
                pair=premises.pair(self.host, self._account),
                rules=directory / "alerts.yml",
                alertmanager=self.address(ALERTMANAGER_PORT),
                metrics=METRICS,
                archives={premises.host(name).address: place for place, name in HOSTS.items()},
                front_port=FRONT_PORT,
                model=f"{self._model.host.address}:{FRONT_PORT}",
                model_key=self._model.key,
                jobs={
                    "postgres": self.address(DATABASE_EXPORTER_PORT),
                    "prometheus": self.address(PROMETHEUS_PORT),
                    "alertmanager": self.address(ALERTMANAGER_PORT),
                },
                cache=f"rediss://{premises.host('cache').address}:{CACHE_PORT}",
                cache_exporter=self.address(CACHE_EXPORTER_PORT),
            )
            rules = (premises.conf / "alerts.yml").read_text()  # Prometheus's own templates: not for Jinja
            write_private(directory / "alerts.yml", rules, self._account or None)

        return self._member("prometheus", PROMETHEUS_PORT, argv, configure)

    def _alertmanager(self) -> Program:
        directory = self.host.directory / "alertmanager"
        argv = ("prometheus-alertmanager", f"--storage.path={directory / 'data'}", "--cluster.listen-address=")

        def configure() -> None:
            self._premises.write(
                "alertmanager.yml.j2", directory / "alertmanager.yml", self._account, desk=self.desk.url
            )

        return self._member("alertmanager", ALERTMANAGER_PORT, argv, configure)

    def _database_exporter(self) -> Program:
        secret = self._premises.vault["postgres.metrics"]
        trust = f"sslmode=verify-full&sslrootcert={self._premises.authority.certificate}"
        sources = [f"postgresql://metrics:{secret}@{at}:{DATABASE_PORT}/postgres?{trust}" for at in self._servers]
        # These two collectors trip over a second server.
        argv = ("prometheus-postgres-exporter", "--no-collector.database", "--no-collector.bgwriter")
        env = {"DATA_SOURCE_NAME": ",".join(sources)}
        return self._member("postgres-exporter", DATABASE_EXPORTER_PORT, argv, lambda: None, env)

    def _cache_exporter(self) -> Program:
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
        launch, probe = Launch(argv, self._account, env), lambda: self._answers(CACHE_EXPORTER_PORT, "/")
        return Program("redis-exporter", self.host, launch, lambda: None, probe)

    def _member(
        self,
        name: str,
        port: int,
        argv: Sequence[str],
        configure: Callable[[], None],
        env: dict[str, str] | None = None,
    ) -> Program:
        """One of Prometheus's own kind: configured by ``NAME.yml`` where it has one, and by the same ``web.yml``."""
        directory = self.host.directory / name
        own_file = () if env else (f"--config.file={directory / f'{name}.yml'}",)
        web = (f"--web.config.file={directory / 'web.yml'}", f"--web.listen-address={self.address(port)}")

        def configure_all() -> None:
            pair = self._premises.pair(self.host, self._account)
            self._premises.write("web.yml.j2", directory / "web.yml", self._account, pair=pair)
            configure()

        launch = Launch((*argv, *own_file, *web, "--log.level=warn"), self._account, env or {})
        path = "/" if env else "/-/ready"
        return Program(name, self.host, launch, configure_all, lambda: self._answers(port, path))

    def _answers(self, port: int, path: str) -> bool:
        ca, pair = self._premises.authority.certificate, self._premises.pair(self.host, self._account)
        return ask(self.host.address, port, path, ca=ca, pair=pair).status == 200
