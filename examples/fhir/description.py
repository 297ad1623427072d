"""The target file of the running example."""

from __future__ import annotations

from jinja2 import StrictUndefined, Template

from examples.common.power import PowerSwitch
from examples.common.program import load_network
from examples.common.wire import watched
from examples.fhir.applications import SERVER_NAME, clients, load_clients, secret
from examples.fhir.cache import PORT as CACHE_PORT
from examples.fhir.cache import SENTINEL_PORT
from examples.fhir.database import GATE
from examples.fhir.monitoring import DATABASE_EXPORTER_PORT, PROMETHEUS_PORT
from examples.fhir.stack import HERE, HOSTS, FhirSite
from fixtures.services.database.settings import PORT as DATABASE_PORT
from fixtures.services.edge import http_port, https_port


def describe(site: FhirSite) -> str:
    """``target.toml.j2`` with the addresses and the secrets of this run: only its owner may read it."""
    premises = site.premises
    harness = premises.authority.issue("gate", premises.driver.root / "gate-tls", names=("gate",))
    template = Template((HERE / "target.toml.j2").read_text(), undefined=StrictUndefined, trim_blocks=True)
    text: str = template.render(
        application=HERE / "application.toml",
        ca=premises.authority.certificate,
        driver=premises.driver,
        load_network=load_network(premises.driver),
        edge=site.edge.host.address,
        https_port=https_port(),
        http_port=http_port(),
        server_name=SERVER_NAME,
        clients=[(client, secret(premises, client.name)) for client in clients()],
        load_clients=[(client, secret(premises, client.name)) for client in load_clients()],
        databases=[f"{host.address}:{DATABASE_PORT}" for host in site.database.hosts],
        gate_password=premises.vault[f"postgres.{GATE}"],
        caches=[f"{host.address}:{CACHE_PORT}" for host in site.store.hosts],
        sentinels=[f"{host.address}:{SENTINEL_PORT}" for host in site.store.hosts],
        operator_password=premises.vault["redis.operator"],
        prometheus=f"https://{site.monitoring.address(PROMETHEUS_PORT)}",
        model=site.assistant,
        backup=site.backup,
        power=PowerSwitch("fhir", premises.driver),
        harness=harness,
        monitoring=site.monitoring,
        exporter=site.monitoring.address(DATABASE_EXPORTER_PORT),
        wire=watched(premises.driver, HOSTS),
        private_keys=sorted(str(key) for key in premises.driver.root.rglob("*.key") if key != harness.key),
    )
    return text
