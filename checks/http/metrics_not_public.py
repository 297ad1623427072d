"""The edge gives metrics and administration to nobody outside (45 CFR 164.312(a)(1)).

Metrics name users, models and routes; what the edge gives to anybody who asks is public.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import EdgeFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Edge

# Spellings that a prefix rule written carelessly lets through to the application.
_PATHS = (
    "/metrics",
    "/metrics/",
    "/metrics?x=1",
    "//metrics",
    "/./metrics",
    "/%6detrics",
    "/admin/users",
    "//admin/users",
)
_REFUSALS = (401, 403, 404)
_MEMBERS_ONLY = "if ($member = 0) {"


def _edge_with_public_metrics(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={"location ^~ /metrics {": "location ^~ /some-other-path {"}))


def _edge_with_metrics_behind_a_slash(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={"location ^~ /metrics {": "location = /metrics {"}))


def _edge_with_public_administration(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={_MEMBERS_ONLY: "if ($member = 2) {"}))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(a)(1)", "hipaa:164.502(b)"),
    violations=(_edge_with_public_metrics, _edge_with_metrics_behind_a_slash, _edge_with_public_administration),
)
def metrics_not_public(edge: Edge) -> Iterator[Finding]:
    """Every spelling is refused, before it reaches the application."""
    for path in _PATHS:
        seen = edge.get(path)
        yield Finding(
            subject=f"https://{edge.server_name}{path}",
            ok=seen.status in _REFUSALS,
            message=f"answers {seen.status} with {len(seen.body)} bytes",
            remedy="refuse it at the edge for everybody but the monitoring and the administrators' certificates",
        )
