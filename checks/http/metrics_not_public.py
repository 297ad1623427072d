"""The edge gives metrics and administration to nobody outside (45 CFR 164.312(a)(1)).

Metrics name users, models and routes; what the edge gives to anybody who asks is public. What is declared as internal
must be refused; where metrics usually stand nothing may answer that reads like metrics.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.http._pages import pages_of
from checks.lab import EdgeFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Edge, Reply

_REFUSALS = (401, 403, 404)
_USUAL = ("/metrics", "/actuator/prometheus", "/api/metrics", "/tools/metrics-prometheus", "/_prometheus/metrics")
_EXPOSITION = re.compile(
    rb"^# (?:HELP|TYPE) \w+", re.MULTILINE
)  # https://prometheus.io/docs/instrumenting/exposition_formats/
_BROKEN = 500
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
    """Every spelling of what is internal is refused, before it reaches the application."""
    if not any(edge.get(path).status < _BROKEN for path in pages_of(edge)):
        msg = f"{edge.server_name} answers no page without an error of its own, so a refusal says nothing"
        raise CannotLookError(msg)
    for path in edge.application.internal:
        for spelling in _spellings(path):
            seen = edge.get(spelling)
            yield _finding(edge, spelling, seen, ok=seen.status in _REFUSALS)
    for path in _USUAL:
        if path not in edge.application.internal:
            seen = edge.get(path)
            yield _finding(edge, path, seen, ok=not _EXPOSITION.search(seen.body))


def _spellings(path: str) -> tuple[str, ...]:
    """Ways to write a path that a prefix rule written carelessly lets through to the application."""
    encoded = f"/%{ord(path[1]):x}{path[2:]}"
    return (path, f"{path}/", f"{path}?x=1", f"/{path}", f"/.{path}", encoded)


def _finding(edge: Edge, path: str, seen: Reply, *, ok: bool) -> Finding:
    return Finding(
        subject=f"https://{edge.server_name}{path}",
        ok=ok,
        message=f"answers {seen.status} with {len(seen.body)} bytes",
        remedy="refuse it at the edge for everybody but the monitoring and the administrators' certificates",
    )
