"""The front door: HAProxy with TLS, rate limits by source address, lock-out by client, and security headers."""

from __future__ import annotations

import signal

from examples.common.program import Launch, Premises, Program, service_account
from examples.fhir.applications import FHIR_PORT, PROVIDER_PORT, SERVER_NAME
from fixtures.services.edge import CIPHERS, http_port, https_port
from fixtures.services.https import ask

METRICS_PORT = 9101


def haproxy(premises: Premises) -> Program:
    """HAProxy on host ``edge``."""
    host = premises.host("edge")
    path = host.directory / "haproxy" / "haproxy.cfg"

    def configure() -> None:
        premises.write(
            "haproxy.cfg.j2",
            path,
            address=host.address,
            http_port=http_port(),
            https_port=https_port(),
            metrics_port=METRICS_PORT,
            pair=premises.pair(host, "", SERVER_NAME),
            ciphers=CIPHERS,
            user=service_account("haproxy"),
            server_name=SERVER_NAME,
            provider=f"{premises.host('provider').address}:{PROVIDER_PORT}",
            fhir=f"{premises.host('fhir').address}:{FHIR_PORT}",
        )

    def probe() -> bool:
        """Through it to both applications."""
        ca = premises.authority.certificate
        return all(ask(host.address, https_port(), page, ca=ca).status == 200 for page in ("/jwks", "/4_0_0/metadata"))

    return Program("haproxy", host, Launch(("haproxy", "-db", "-f", str(path))), configure, probe, signal.SIGUSR1)
