"""Every inference server is healthy and produces tokens (45 CFR 164.308(a)(7)(ii)(C)).

A balancer hides a dead server until the next one dies; and a server may call itself healthy that generates nothing, or
answer with success and an error in the place of a completion.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import InferenceFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Inference


def _one_of_two_servers_killed(lab: Lab) -> Inference:
    return lab.build(InferenceFlaws(stopped=1))


def _a_server_answers_with_an_error(lab: Lab) -> Inference:
    return lab.build(InferenceFlaws(broken="error"))


def _a_server_never_ends_its_answers(lab: Lab) -> Inference:
    return lab.build(InferenceFlaws(broken="unfinished"))


@check(
    gate=Gate.OPERATIONS,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_one_of_two_servers_killed, _a_server_answers_with_an_error, _a_server_never_ends_its_answers),
)
def every_inference_server_serves(inference: Inference) -> Iterator[Finding]:
    """Each declared server, asked past the balancer."""
    for server in inference.servers():
        serves = server.healthy and server.generated
        yield Finding(
            subject=f"inference server {server.address}",
            ok=serves,
            message="healthy, and completed a prompt" if serves else f"does not serve: {server.problem}",
            remedy="restart it and read its log; take it off the list only when it is to stay away",
        )
