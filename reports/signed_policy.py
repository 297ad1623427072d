"""policy.json: the policy by which was judged, whole and signed with the report, defaults included.

A name and a digest say that a policy is another one; the text says in what.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic import ValidationError

from checks.model import Status, plain
from checks.policy import Policy
from reports.document import ReportDocument
from reports.verdict import percent

POLICY = "policy.json"
_SHOWN = 3


def contradiction(document: ReportDocument, content: bytes) -> str:
    """In what a report does not follow from the policy that lies beside it, in one sentence; empty where it does."""
    try:
        policy = Policy.model_validate_json(content)
    except ValidationError as problem:
        return f"{POLICY} is no policy of this version: {problem.errors()[0]['msg']}."
    name = document.identity.policy
    if (plain(policy.name), percent(policy.floor)) != (name, document.floor):
        return f"The floor of the report is not that of the policy {name}."
    required = {control.id for control in document.controls if control.required}
    if document.identity.kind == "gate" and required != set(policy.required_controls):
        return f"The controls that the report calls required are not those of the policy {name}."
    left_out = [check.id for check in document.checks if check.status is Status.NOT_APPLICABLE]
    unexplained = [identity for identity in left_out if policy.exempts(identity) is None and not policy.may_lack]
    if unexplained:
        return f"{unexplained[0]} does not apply, and nothing in the policy {name} says so."
    return ""


def differences(signed: bytes, asked: bytes) -> str:
    """What one policy demands otherwise than another, in a few words; empty where both are the same."""
    ours, theirs = dict(_flat(json.loads(signed))), dict(_flat(json.loads(asked)))
    differing = sorted(key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key))
    said = [f"{key} is {ours.get(key, 'not there')}, not {theirs.get(key, 'there')}" for key in differing[:_SHOWN]]
    more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
    return f"{'; '.join(said)}{more}"


def _flat(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, json.dumps(value, ensure_ascii=False)
