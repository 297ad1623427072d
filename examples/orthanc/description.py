"""The target file of the running example, and its application file with the trail's place put in."""

from __future__ import annotations

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from examples.common.power import PowerSwitch
from examples.common.program import load_network
from examples.common.wire import watched
from examples.orthanc.cache import OPERATOR
from examples.orthanc.cache import PORT as CACHE_PORT
from examples.orthanc.database import GATE, database_of, role_of
from examples.orthanc.front import SERVER_NAME
from examples.orthanc.monitoring import PROMETHEUS_PORT
from examples.orthanc.people import INSTITUTIONS, load_users, password, users
from examples.orthanc.stack import HERE, HOSTS, OrthancSite
from fixtures.services.database.pgbackrest import STANZA
from fixtures.services.database.settings import OWNER
from fixtures.services.database.settings import PORT as DATABASE_PORT
from fixtures.services.edge import http_port, https_port


def describe(site: OrthancSite) -> str:
    """``target.toml.j2`` with the addresses and the secrets of this run: only its owner may read it."""
    premises, database = site.premises, site.database
    environment = Environment(  # noqa: S701  TOML, not HTML
        loader=FileSystemLoader(HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    application = premises.driver.root / "application.toml"
    access_log = premises.host("edge").directory / "nginx" / "access.log"
    application.write_text(environment.get_template("application.toml").render(access_log=access_log))
    harness = premises.authority.issue("gate", premises.driver.root / "gate-tls", names=("gate",))
    return environment.get_template("target.toml.j2").render(
        application=application,
        ca=premises.authority.certificate,
        driver=premises.driver,
        load_network=load_network(premises.driver),
        edge=site.edge.host.address,
        https_port=https_port(),
        http_port=http_port(),
        server_name=SERVER_NAME,
        accounts=[(user, password(premises, user.name)) for user in users()],
        load_accounts=[(user, password(premises, user.name)) for user in load_users()],
        databases=[f"{host.address}:{DATABASE_PORT}" for host in database.pair.hosts],
        database=database_of(INSTITUTIONS[0]),
        role=role_of(INSTITUTIONS[0]),
        gate=(GATE, premises.vault[f"postgres.{GATE}"]),
        cache=f"{premises.host('cache').address}:{CACHE_PORT}",
        operator=(OPERATOR, premises.vault[f"redis.{OPERATOR}"]),
        model=site.model,
        prometheus=f"https://{site.monitoring.address(PROMETHEUS_PORT)}",
        harness=harness,
        stopped={"file": site.model.host.directory / f"{site.model.front.name}.pid", "instance": site.model.instance},
        desk=site.monitoring.desk,
        wire=watched(premises.driver, HOSTS),
        owner=OWNER,
        backup=database.backup,
        stanza=STANZA,
        power=PowerSwitch("orthanc", premises.driver),
        private_keys=sorted(
            str(path) for path in premises.driver.root.rglob("*.key") if path.parent.name != "gate-tls"
        ),
    )
