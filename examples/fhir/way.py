"""The service's way to its database: HAProxy on the service's own host, which asks Patroni who is primary."""

from __future__ import annotations

import signal

from examples.common.postgres import API_PORT
from examples.common.program import Launch, Premises, Program, service_account
from examples.fhir.database import PROXY_PORT, RecordDatabase
from fixtures.services.database.settings import PORT


def way_to_database(premises: Premises, database: RecordDatabase) -> Program:
    """HAProxy on host ``fhir``."""
    host, account = premises.host("fhir"), service_account("haproxy")
    path = host.directory / "way" / "database.cfg"

    def configure() -> None:
        premises.write(
            "database.cfg.j2",
            path,
            user=account,
            port=PROXY_PORT,
            database_port=PORT,
            api_port=API_PORT,
            databases=database.hosts,
            pair=premises.pair(host),
        )

    def probe() -> bool:
        return host.run(["haproxy", "-c", "-q", "-f", str(path)]).status == 0

    return Program(
        "way-to-database", host, Launch(("haproxy", "-db", "-f", str(path))), configure, probe, signal.SIGUSR1
    )
