"""The edge gives metrics and administration to nobody outside (45 CFR 164.312(a)(1)).

Metrics name users, models and routes; what the edge gives to anybody who asks is public. What is declared as internal
must be refused; where metrics usually stand nothing may answer that reads like metrics.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from checks.http._pages import pages_of, url
from checks.lab import EdgeFlaws, Lab
from checks.looking import every
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Edge, EdgeAddress, Reply

_REFUSALS = (401, 403, 404)
_USUAL = ("/metrics", "/actuator/prometheus", "/api/metrics", "/tools/metrics-prometheus", "/_prometheus/metrics")
# https://prometheus.io/docs/instrumenting/exposition_formats/
_EXPOSITION = re.compile(rb"^# (?:HELP|TYPE) \w+", re.MULTILINE)
_BROKEN = 500
_MEMBERS_ONLY = "if ($member = 0) {"


def _edge_with_public_metrics(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={"location ^~ /metrics {": "location ^~ /some-other-path {"}))


def _edge_with_metrics_behind_a_slash(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={"location ^~ /metrics {": "location = /metrics {"}))


def _edge_with_public_administration(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(replace={_MEMBERS_ONLY: "if ($member = 2) {"}))


def _edge_with_public_metrics_at_its_second_address(lab: Lab) -> Edge:
    opened = {"location ^~ /metrics {": "location ^~ /some-other-path {"}
    return lab.build(EdgeFlaws(at_second_address=EdgeFlaws(replace=opened)))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(a)(1)", "hipaa:164.502(b)"),
    violations=(
        _edge_with_public_metrics,
        _edge_with_metrics_behind_a_slash,
        _edge_with_public_administration,
        _edge_with_public_metrics_at_its_second_address,
    ),
)
def metrics_not_public(edge: Edge) -> Iterator[Finding]:
    """Every spelling of what is internal is refused at each address, before it reaches the application."""
    yield from every(partial(_refused, edge, at) for at in edge.addresses())


def _refused(edge: Edge, at: EdgeAddress) -> Iterator[Finding]:
    if not any(at.get(path).status < _BROKEN for path in pages_of(edge)):
        msg = f"{edge.server_name} at {at.address} answers no page without an error of its own: a refusal says nothing"
        raise CannotLookError(msg)
    for path in edge.application.internal:
        for spelling in _spellings(path):
            seen = at.get(spelling)
            yield _finding(url(edge, at, spelling), seen, ok=seen.status in _REFUSALS)
    for path in _USUAL:
        if path not in edge.application.internal:
            seen = at.get(path)
            yield _finding(url(edge, at, path), seen, ok=not _EXPOSITION.search(seen.body))


def _spellings(path: str) -> tuple[str, ...]:
    """Ways to write a path that a prefix rule written carelessly lets through to the application."""
    encoded = f"/%{ord(path[1]):x}{path[2:]}"
    return (path, f"{path}/", f"{path}?x=1", f"/{path}", f"/.{path}", encoded)


def _finding(subject: str, seen: Reply, *, ok: bool) -> Finding:
    return Finding(
        subject=subject,
        ok=ok,
        message=f"answers {seen.status} with {len(seen.body)} bytes",
        remedy="refuse it at the edge for everybody but the monitoring and the administrators' certificates",
    )
