"""The health endpoints answer, and say for each subsystem how it is (45 CFR 164.308(a)(1)(ii)(D)).

A health page that says ok while a subsystem is gone keeps traffic on a broken system.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from checks.application import Request
from checks.lab import ApiFlaws, Lab
from checks.model import Finding, Gate, NotDeclaredError, Severity, check
from checks.targets import Api, Reply

_WELL = frozenset({"ok", "up", "healthy", "ready", "pass"})
_STATES = frozenset({"status", "state", "up", "healthy"})
_NOWHERE = "https://127.0.0.1:9"  # the discard port: nothing serves there


def _router_without_its_inference_servers(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"inference.servers": [_NOWHERE]}))


@check(
    gate=Gate.OPERATIONS,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(1)(ii)(D)",),
    violations=(_router_without_its_inference_servers,),
)
def health_endpoints_answer(api: Api) -> Iterator[Finding]:
    """Every endpoint of the family, without an account."""
    if not api.application.health:
        msg = 'the application file names no [[health]] page, e.g. path = "/health"'
        raise NotDeclaredError(msg, "health")
    for page in api.application.health:
        reply = api.send(Request("GET", page.path))
        problems = _problems(reply, states=page.states)
        yield Finding(
            subject=f"{api.base_url}{page.path}",
            ok=not problems,
            message="; ".join(problems) or "answers, all well",
            remedy="restore the subsystem that is named; an endpoint that is missing must be served",
            evidence=reply.body[:1000].decode(errors="replace"),
        )


def _problems(reply: Reply, *, states: bool) -> list[str]:
    if reply.status != 200:
        return [f"answers {reply.status}"]
    if not states:
        return []
    try:
        reported = list(_states("", json.loads(reply.body)))
    except ValueError:
        return ["answers something that is not JSON"]
    if not reported:
        return ["says nothing of any state"]
    return [f"{where} is {state}" for where, state in reported if state is not True and str(state).lower() not in _WELL]


def _states(where: str, value: object) -> Iterator[tuple[str, object]]:
    """Every (place, state) in an answer: what is named status, state, up or healthy and is a text or a truth value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in _STATES and isinstance(inner, str | bool):
                yield where or name, inner
            else:
                yield from _states(f"{where}.{name}" if where else str(name), inner)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _states(f"{where}[{position}]", inner)
