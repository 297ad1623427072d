"""Ways to break the example as it runs, each of which a named check must notice; see `examples.common.breaking`."""

from __future__ import annotations

from examples.common.breaking import ALERTS_GO_TO_NOBODY, BreakableExample, Breakage, Edit, on_each
from examples.fhir.applications import SERVER_NAME
from examples.fhir.database import HOSTS, NAME
from examples.fhir.model import PORT
from examples.fhir.stack import FhirSite
from fixtures.services.database.provision import superuser

_HAPROXY = "edge/haproxy/haproxy.cfg"
_RULE = """\
      - alert: NobodyFollows
        expr: pg_replication_slots_active == 0
        for: 10s
        labels: {severity: critical}
        annotations: {summary: "{{ $labels.slot_name }} does not receive what {{ $labels.server }} writes"}
"""
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
        edits=on_each(
            HOSTS, "postgres/pg_hba.conf", "# The superuser", "hostssl fhir gate samenet trust\n# The superuser"
        ),
        reload=True,
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
        name="the file of alert rules is not loaded",
        check="operations/alert_rules_watch_exported_series",
        edits=(Edit("monitor/prometheus/prometheus.yml", "rule_files: [", "rule_files: [] # ["),),
        restart=("prometheus",),
    ),
    Breakage(
        name="one alert rule was removed",
        check="operations/alert_rules_watch_exported_series",
        edits=(Edit("monitor/prometheus/alerts.yml", _RULE, ""),),
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
                "    http-request return status 404 if !provider !fhir !assistant\n",
                "    http-request use-service prometheus-exporter if { path /metrics }\n"
                "    http-request return status 404 if !provider !fhir !assistant\n",
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
        edits=on_each(
            HOSTS,
            "postgres/postgresql.conf",
            "log_parameter_max_length = 0\n",
            "log_parameter_max_length = -1\nlog_statement = 'all'\n",
        ),
        reload=True,
    ),
    Breakage(
        name="conditions lie in clear beside encrypted patients",
        check="data/phi_columns_encrypted",
        sql="""
            CREATE TABLE fhir.kept AS SELECT hospital, id, content FROM fhir.condition;
            UPDATE fhir.condition SET content = convert_to('{"code": {"text": "Essential hypertension"}}', 'UTF8')
        """,
        undo="""
            UPDATE fhir.condition c SET content = k.content FROM fhir.kept k
            WHERE (c.hospital, c.id) = (k.hospital, k.id);
            DROP TABLE fhir.kept
        """,
    ),
    Breakage(
        name="the edge logs queries, which name people",
        check="data/phi_canary_absent_at_rest",
        edits=(Edit(_HAPROXY, '"path":"%HPO"', '"path":"%HU"'),),
        restart=("haproxy",),
    ),
    Breakage(
        name="prompts go to the model in clear",
        check="data/phi_canary_absent_on_the_wire",
        edits=(
            Edit("fhir/app/settings.json", '"model": {\n  "url": "https://', '"model": {\n  "url": "http://'),
            Edit("fhir/app/server.js", "    agent: new https.Agent({ keepAlive: true }),\n", ""),
            Edit("model/haproxy/model.cfg", " ssl crt ", " # ssl crt "),
        ),
        restart=("model-front", "fhir", "haproxy"),
        ports={"model-front": PORT},
    ),
    Breakage(
        name="the copy has lost files of tables",
        check="backup/restores_completely",
        missing=("hosts/backup/barman/home/fhir/base/*/data/base/*/16[4-9]*",),
    ),
    ALERTS_GO_TO_NOBODY,
    # The last of all: it leaves the other server primary.
    Breakage(
        name="commits are acknowledged before they are on any disk",
        check="recovery/no_acknowledged_write_lost",
        edits=on_each(
            HOSTS,
            "postgres/postgresql.conf",
            "synchronous_commit = on\n",
            "synchronous_commit = off\nwal_writer_delay = '10s'\nwal_writer_flush_after = '1GB'\n",
        ),
        reload=True,
    ),
)


def breakable(site: FhirSite) -> BreakableExample:
    """The example, to be broken."""

    def execute(sql: str) -> None:
        with superuser(site.database.primary.paths, NAME) as connection:
            connection.execute(sql.encode())

    return BreakableExample(site.premises, site.programs, site.edge, SERVER_NAME, execute, site.database.pair)
