"""The front door: HAProxy with TLS, rate limits by source address, and security headers."""

from __future__ import annotations

import signal

from examples.fhir.applications import FHIR_PORT, PROVIDER_PORT, SERVER_NAME
from examples.fhir.program import Launch, Premises, Program
from fixtures.services.edge import CIPHERS, http_port, https_port
from fixtures.services.https import ask

METRICS_PORT = 9101


def haproxy(premises: Premises) -> Program:
    """HAProxy on host ``edge``."""
    host = premises.host("edge")

    def prepare() -> Launch:
        path = premises.write(
            "haproxy.cfg.j2",
            host.directory / "haproxy" / "haproxy.cfg",
            address=host.address,
            http_port=http_port(),
            https_port=https_port(),
            metrics_port=METRICS_PORT,
            pair=premises.pair(host, "", SERVER_NAME),
            ciphers=CIPHERS,
            user=premises.account("haproxy"),
            server_name=SERVER_NAME,
            provider=f"{premises.host('provider').address}:{PROVIDER_PORT}",
            fhir=f"{premises.host('fhir').address}:{FHIR_PORT}",
        )
        return Launch(("haproxy", "-db", "-f", str(path)))

    def probe() -> bool:
        ca = premises.authority.certificate
        return all(ask(host.address, https_port(), path, ca=ca).status == 200 for path in ("/jwks", "/4_0_0/metadata"))

    return Program("haproxy", host, prepare, probe, signal.SIGUSR1)
