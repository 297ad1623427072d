"""Ways to break the example as it runs, each of which a named check must notice; see `examples.common.breaking`."""

from __future__ import annotations

from examples.common.breaking import ALERTS_GO_TO_NOBODY, BreakableExample, Breakage, Edit, on_each
from examples.orthanc.database import HOSTS, database_of
from examples.orthanc.front import PORT, SERVER_NAME
from examples.orthanc.people import INSTITUTIONS
from examples.orthanc.stack import OrthancSite
from fixtures.services.database.provision import superuser

_NGINX = "edge/nginx/nginx.conf"
_METRICS = "location ^~ /tools/metrics-prometheus {\n            auth_basic off;\n            "
_VIEWER = (
    "location /app/ {\n            add_header X-Viewer explorer;\n            proxy_pass https://$archive;\n        }\n"
)
_RULE = """\
      - alert: StandbyGone
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
            Edit(_NGINX, "ssl_protocols TLSv1.2 TLSv1.3;", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;"),
            Edit(_NGINX, "    ssl_ciphers ", "    ssl_ciphers @SECLEVEL=0:ECDHE-ECDSA-AES128-SHA:"),
        ),
        restart=("nginx",),
    ),
    Breakage(
        name="the edge's certificate has expired",
        check="tls/certificate_chain_and_name_valid",
        restart=("nginx",),
        expired=True,
    ),
    Breakage(
        name="the archive's database role is superuser",
        check="access/database_roles_least_privilege",
        sql="ALTER ROLE riverside_archive SUPERUSER",
        undo="ALTER ROLE riverside_archive NOSUPERUSER",
    ),
    Breakage(
        name="a line of pg_hba.conf trusts",
        check="data/database_refuses_plaintext",
        edits=on_each(
            HOSTS, "postgres/pg_hba.conf", "# The superuser", "hostssl riverside gate samenet trust\n# The superuser"
        ),
        reload=True,
    ),
    Breakage(
        name="Redis lets anybody in",
        check="data/cache_refuses_plaintext_and_anonymous",
        edits=(
            Edit(
                "cache/redis/users.acl",
                "user default off resetpass resetkeys resetchannels -@all",
                "user default on nopass ~* &* +@all",
            ),
        ),
        restart=("redis",),
    ),
    Breakage(
        name="the file of alert rules was removed",
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
        edits=(Edit(_NGINX, 'auth_basic "radiology";', "auth_basic off;"),),
        restart=("nginx",),
    ),
    Breakage(
        name="a technologist may erase",
        check="access/role_matrix_enforced",
        edits=(Edit(_NGINX, '"~^administrator DELETE', '"~^(administrator|technologist) DELETE'),),
        restart=("nginx",),
    ),
    Breakage(
        name="another institution's records can be read",
        check="access/tenant_isolation",
        edits=(Edit(_NGINX, '"~^st-jude-" pacs2;', '"~^st-jude-" pacs1;'),),
        restart=("nginx",),
    ),
    Breakage(
        name="everybody may connect to an institution's database",
        check="access/tenant_stores_kept_apart",
        sql="GRANT CONNECT ON DATABASE st_jude TO PUBLIC",
        undo="REVOKE CONNECT ON DATABASE st_jude FROM PUBLIC",
    ),
    Breakage(
        name="metrics are public at Orthanc's own path",
        check="http/metrics_not_public",
        edits=(Edit(_NGINX, f"{_METRICS}return 404;", f"{_METRICS}proxy_pass https://$archive;"),),
        restart=("nginx",),
    ),
    Breakage(
        name="the viewer goes without headers",
        check="http/security_headers_present",
        edits=(Edit(_NGINX, "location / {", f"{_VIEWER}\n        location / {{"),),
        restart=("nginx",),
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
        name="what is asked is written to the access log",
        check="data/phi_canary_absent_at_rest",
        edits=(
            Edit(
                _NGINX,
                '"request_id":"$request_identity"}',
                '"request_id":"$request_identity","body":"$request_body"}',
            ),
        ),
        restart=("nginx",),
    ),
    Breakage(
        name="prompts go to the model in clear",
        check="data/phi_canary_absent_on_the_wire",
        edits=(
            Edit(_NGINX, "proxy_pass https://model/;", "proxy_pass http://model/;"),
            Edit("model/front/nginx.conf", " ssl;", ";"),
        ),
        restart=("model-front", "nginx"),
        ports={"model-front": PORT},
    ),
    Breakage(
        name="the archive of WAL has lost what came after the backup",
        check="backup/restores_completely",
        missing=("repository/archive/*/*/*/*",),
    ),
    ALERTS_GO_TO_NOBODY,
    # The last of all: it leaves the other server primary.
    Breakage(
        name="a primary that is gone is waited for, for ten minutes",
        check="recovery/recovery_time_within_objective",
        failover=("ttl=600",),
        failover_undo=("ttl=20",),
    ),
)


def breakable(site: OrthancSite) -> BreakableExample:
    """The example, to be broken."""

    def execute(sql: str) -> None:
        with superuser(site.database.primary.paths, database_of(INSTITUTIONS[0])) as connection:
            connection.execute(sql.encode())

    programs = (site.edge, site.cache, site.model.front, *site.monitoring.programs)
    return BreakableExample(site.premises, programs, site.edge, SERVER_NAME, execute, site.database.pair)
