"""Orthanc, one for each institution, with its images and index in PostgreSQL.

Debian's Orthanc 1.10.1 cannot serve TLS (its civetweb crashes with OpenSSL 3), so it listens on loopback only, and
nginx stands before it, which lets the edge in and, for metrics, the monitoring.
"""

from __future__ import annotations

from examples.common.program import Launch, Premises, Program, service_account
from examples.orthanc.front import PORT, KnownCaller, basic, edge_pair, front
from fixtures.hosts.files import own
from fixtures.services.https import ask

HOSTS = {"riverside": "pacs1", "st-jude": "pacs2"}
METRICS = "/tools/metrics-prometheus"
_FIRST_PORT = 8042


class Archive:
    """The Orthanc of one institution and the nginx before it.

    Args:
        database: libpq's connection URI.
    """

    def __init__(self, premises: Premises, institution: str, database: str) -> None:
        self.institution, self.host = institution, premises.host(HOSTS[institution])
        self._premises, self._database = premises, database
        self._port = _FIRST_PORT + list(HOSTS).index(institution)
        vault = premises.vault
        self._users = {name: vault[f"orthanc.{institution}.{name}"] for name in ("edge", "monitor")}
        callers = (
            KnownCaller("edge", "/", basic("edge", self._users["edge"])),
            KnownCaller("monitor", f"{METRICS}$", basic("monitor", self._users["monitor"])),
        )
        self.front = front(premises, self.host, f"127.0.0.1:{self._port}", self.answers, callers)
        account = service_account("orthanc")
        launch = Launch(("Orthanc", str(self.host.directory / "orthanc" / "orthanc.json")), account)
        self.orthanc = Program(f"orthanc-{institution}", self.host, launch, self._configure, self._listens)

    def _listens(self) -> bool:
        """Asked on its own host, where alone it listens."""
        url = f"http://127.0.0.1:{self._port}/tools/metrics-prometheus"
        argv = ["curl", "--silent", "--fail", "--config", "-", url]
        asked = self.host.run(argv, stdin=f'user = "monitor:{self._users["monitor"]}"\n')
        return asked.status == 0

    def answers(self) -> bool:
        """Whether nginx and Orthanc answer who may ask."""
        pair, ca = edge_pair(self._premises), self._premises.authority.certificate
        return ask(self.host.address, PORT, "/system", ca=ca, pair=pair).status == 200

    def _configure(self) -> None:
        directory, account = self.host.directory / "orthanc", service_account("orthanc")
        for path in (directory, directory / "storage"):
            path.mkdir(mode=0o700, exist_ok=True)
            own(path, account or None)
        self._premises.write(
            "orthanc.json.j2",
            directory / "orthanc.json",
            account,
            institution=self.institution,
            port=self._port,
            users=self._users,
            storage=str(directory / "storage"),
            rights=str(directory / "rights.lua"),
            database=self._database,
        )
        self._premises.write("rights.lua.j2", directory / "rights.lua", account, metrics=METRICS)
