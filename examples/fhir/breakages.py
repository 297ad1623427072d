"""Ways to break the example as it runs, each of which a named check must notice.

    with broken(site, BREAKAGES[0]):
        ...   # gate it: not APPROVED, and BREAKAGES[0].check says why

A breakage is what somebody would do by hand: change lines of a file and restart its program, or run a statement.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from examples.fhir.applications import SERVER_NAME
from examples.fhir.database import NAME
from examples.fhir.stack import FhirSite
from fixtures.services.database.provision import superuser
from fixtures.services.edge import https_port
from fixtures.services.files import write_private
from fixtures.wait import wait_for

_RESTART_S = 30.0


@dataclass(frozen=True)
class Edit:
    """Text in a file below the run's ``hosts`` directory, and what takes its place."""

    file: str
    before: str
    after: str


@dataclass(frozen=True)
class Breakage:
    """One way to break the example.

    Args:
        check: id of the check that must fail.
        restart: names of the programs that take the edits up.
        sql: run as superuser in the service's database; ``undo`` takes it back.
        expired: whether the edge shows a certificate whose time is over.
    """

    name: str
    check: str
    edits: tuple[Edit, ...] = ()
    restart: tuple[str, ...] = ()
    sql: str = ""
    undo: str = ""
    expired: bool = False


_HAPROXY = "edge/haproxy/haproxy.cfg"
_PRIMARY = "db1/postgres/data"
BREAKAGES = (
    Breakage(
        name="TLS 1.0 is offered",
        check="tls/legacy_protocols_refused",
        edits=(
            Edit(
                _HAPROXY, "ssl-default-bind-options ssl-min-ver TLSv1.2", "ssl-default-bind-options ssl-min-ver TLSv1.0"
            ),
            Edit(_HAPROXY, "ssl-default-bind-ciphers ", "ssl-default-bind-ciphers @SECLEVEL=0:ECDHE-ECDSA-AES128-SHA:"),
        ),
        restart=("haproxy",),
    ),
    Breakage(
        name="the edge's certificate has expired",
        check="tls/certificate_chain_and_name_valid",
        restart=("haproxy",),
        expired=True,
    ),
    Breakage(
        name="the service's database role is superuser",
        check="access/database_roles_least_privilege",
        sql="ALTER ROLE fhir_service SUPERUSER",
        undo="ALTER ROLE fhir_service NOSUPERUSER",
    ),
    Breakage(
        name="a line of pg_hba.conf trusts",
        check="data/database_refuses_plaintext",
        edits=(Edit(f"{_PRIMARY}/pg_hba.conf", "# The superuser", "hostssl fhir gate samenet trust\n# The superuser"),),
        sql="SELECT pg_reload_conf()",
        undo="SELECT pg_reload_conf()",
    ),
    Breakage(
        name="Redis lets anybody in",
        check="data/cache_refuses_plaintext_and_anonymous",
        edits=(
            Edit(
                "cache1/redis/users.acl",
                "user default off resetpass resetkeys resetchannels -@all",
                "user default on nopass ~* &* +@all",
            ),
        ),
        restart=("redis-cache1",),
    ),
    Breakage(
        name="the alert of a service that is down was removed",
        check="operations/alert_reaches_receiver",
        edits=(Edit("monitor/prometheus/alerts.yml", "expr: up == 0", "expr: up == 2"),),
        restart=("prometheus",),
    ),
    Breakage(
        name="authentication is off",
        check="access/role_matrix_enforced",
        edits=(
            Edit("fhir/app/server.js", "auth: { type: 'smart'", "later: { type: 'smart'"),
            Edit("fhir/app/storage.js", "req.user.hospital", "req.user?.hospital ?? 'riverside'"),
        ),
        restart=("fhir",),
    ),
    Breakage(
        name="a nurse may erase patients",
        check="access/role_matrix_enforced",
        edits=(
            Edit(
                "provider/app/settings.json",
                "user/Patient.read user/Observation.*",
                "user/Patient.* user/Observation.*",
            ),
        ),
        restart=("provider",),
    ),
    Breakage(
        name="another hospital's records can be read",
        check="access/tenant_isolation",
        sql="CREATE POLICY ease ON fhir.patient FOR SELECT TO fhir_service USING (true)",
        undo="DROP POLICY ease ON fhir.patient",
    ),
    Breakage(
        name="metrics are public at the front door",
        check="http/metrics_not_public",
        edits=(
            Edit(
                _HAPROXY,
                "    http-request return status 404 if !provider !fhir\n",
                "    http-request use-service prometheus-exporter if { path /metrics }\n"
                "    http-request return status 404 if !provider !fhir\n",
            ),
        ),
        restart=("haproxy",),
    ),
    Breakage(
        name="the pages carry no policy for their content",
        check="http/security_headers_present",
        edits=(Edit(_HAPROXY, "http-after-response set-header Content-Security-Policy", "#"),),
        restart=("haproxy",),
    ),
    Breakage(
        name="every statement is logged, with what it writes",
        check="audit/database_logging_on",
        edits=(
            Edit(
                f"{_PRIMARY}/postgresql.conf",
                "log_parameter_max_length = 0\n",
                "log_parameter_max_length = -1\nlog_statement = 'all'\n",
            ),
        ),
        sql="SELECT pg_reload_conf()",
        undo="SELECT pg_reload_conf()",
    ),
    Breakage(
        name="conditions lie in clear beside encrypted patients",
        check="data/phi_columns_encrypted",
        sql="""
            CREATE TABLE fhir.kept AS SELECT hospital, id, content FROM fhir.condition;
            UPDATE fhir.condition SET content = convert_to('{"code": {"text": "Essential hypertension"}}', 'UTF8')
        """,
        undo="""
            UPDATE fhir.condition c SET content = k.content FROM fhir.kept k WHERE (c.hospital, c.id) = (k.hospital, k.id);
            DROP TABLE fhir.kept
        """,
    ),
)


@contextlib.contextmanager
def broken(site: FhirSite, breakage: Breakage) -> Iterator[None]:
    """The running example with one thing wrong; sound again afterwards.

    Raises:
        ValueError: a file does not hold the text that is to be changed.
    """
    hosts = site.premises.driver.root / "hosts"
    files = {hosts / edit.file for edit in breakage.edits} | (set(_shown(site)) if breakage.expired else set())
    kept = {path: (path.read_text(), path.owner()) for path in files}
    try:
        for edit in breakage.edits:
            _change(hosts / edit.file, edit)
        if breakage.expired:
            _expire(site)
        _take_up(site, breakage, breakage.sql)
        yield
    finally:
        for path, (text, owner) in kept.items():
            write_private(path, text, owner)
        _take_up(site, breakage, breakage.undo)


def _change(path: Path, edit: Edit) -> None:
    text = path.read_text()
    if edit.before not in text:
        msg = f"{path} does not hold {edit.before!r}"
        raise ValueError(msg)
    write_private(path, text.replace(edit.before, edit.after), path.owner())


def _shown(site: FhirSite) -> tuple[Path, Path]:
    pair = site.premises.pair(site.edge.host, "", SERVER_NAME)
    return pair.certificate, pair.key


def _expire(site: FhirSite) -> None:
    for path in _shown(site):
        path.unlink()
    host = site.edge.host
    names = (host.name, host.address, SERVER_NAME)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    site.premises.authority.issue(host.name, host.directory / "tls", names=names, not_after=yesterday)


def _take_up(site: FhirSite, breakage: Breakage, sql: str) -> None:
    if sql:
        with superuser(site.database.primary.paths, NAME) as connection:
            connection.execute(sql.encode())
    programs = {program.name: program for program in site.programs}
    for name in breakage.restart:
        programs[name].restart()
        probe = _listening(site) if breakage.expired else programs[name].ready
        wait_for(probe, what=f"{name} is ready", timeout_s=_RESTART_S)


def _listening(site: FhirSite) -> Callable[[], bool]:
    """Whether the edge takes connections, whatever certificate it shows."""

    def probe() -> bool:
        socket.create_connection((site.edge.host.address, https_port()), timeout=1).close()
        return True

    return probe
