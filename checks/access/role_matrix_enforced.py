"""Each role can do what its work needs and nothing else (45 CFR 164.308(a)(4)(i) and 164.312(a)(1)).

The matrix below is asked for line by line, as every role and without a log-in. The requests carry no usable input, so
one that is let through changes nothing: what is judged is whether it was refused for want of the right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from checks.lab import ApiFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Account, Api

_ROLES = ("admin", "physician", "nurse", "researcher", "auditor", "service")
_NOBODY = "00000000-0000-4000-8000-000000000000"
_UNAUTHENTICATED, _FORBIDDEN, _LIMITED, _BROKEN = 401, 403, 429, 500


@dataclass(frozen=True)
class _Line:
    method: str
    path: str
    roles: tuple[str, ...]
    body: Mapping[str, object] = field(default_factory=dict)


# Some applications look at a prompt before they look at who sends it; a model of this name is served nowhere.
_PROMPT = {"model": "no-such-model", "prompt": "ready?", "messages": [{"role": "user", "content": "ready?"}]}
_READ, _CARE, _INFERENCE = ("physician", "nurse"), ("physician", "nurse"), ("physician", "nurse", "service")
_MATRIX = (
    _Line("GET", "/patients?limit=1", _READ),
    _Line("POST", "/patients", _CARE),
    _Line("GET", f"/patients/{_NOBODY}", _READ),
    _Line("PATCH", f"/patients/{_NOBODY}", _CARE),
    _Line("DELETE", f"/patients/{_NOBODY}", ("admin",)),
    _Line("GET", f"/patients/{_NOBODY}/encounters", _READ),
    _Line("POST", f"/patients/{_NOBODY}/encounters", ("physician", "nurse", "service")),
    _Line("GET", f"/patients/{_NOBODY}/export", ("physician",)),
    _Line("PUT", f"/patients/{_NOBODY}/consent", _CARE),
    _Line("POST", "/v1/chat/completions", _INFERENCE, _PROMPT),
    _Line("POST", "/v1/completions", _INFERENCE, _PROMPT),
    _Line("POST", "/api/generate", _INFERENCE, _PROMPT),
    _Line("POST", "/dp/aggregates", ("researcher",)),
    _Line("GET", "/audit?limit=1", ("auditor", "admin")),
    _Line("GET", "/admin/users", ("admin",)),
    _Line("POST", "/admin/users", ("admin",)),
    _Line("DELETE", "/admin/users/nobody-of-this-name", ("admin",)),
    _Line("POST", "/admin/users/nobody-of-this-name/unlock", ("admin",)),
)


def _nurse_who_manages_users(lab: Lab) -> Api:
    return lab.build(
        ApiFlaws(
            settings={
                "access.roles.nurse": [
                    "patients:read",
                    "patients:write",
                    "consent:write",
                    "inference:use",
                    "encounters:write",
                    "users:manage",
                ],
            }
        )
    )


def _researcher_who_reads_patients(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"access.roles.researcher": ["dp:query", "patients:read"]}))


def _physician_who_cannot_read(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"access.roles.physician": ["patients:write", "inference:use"]}))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.308(a)(3)(i)", "hipaa:164.308(a)(4)(i)", "hipaa:164.312(a)(1)", "hipaa:164.502(b)"),
    violations=(_nurse_who_manages_users, _researcher_who_reads_patients, _physician_who_cannot_read),
)
def role_matrix_enforced(api: Api) -> Iterator[Finding]:
    """One finding per role and line, and per line without a log-in."""
    accounts = {role: _of(api, role) for role in _ROLES}
    for line in _MATRIX:
        body = dict(line.body) if line.method in ("POST", "PUT", "PATCH") else None
        for role, account in accounts.items():
            yield _judged(line, role, api.call(line.method, line.path, account=account, json=body).status)
        status = api.call(line.method, line.path, json=body).status
        yield Finding(
            subject=f"nobody: {line.method} {line.path}",
            ok=status in (_UNAUTHENTICATED, _FORBIDDEN),
            message=f"answers {status} without a log-in",
            remedy="demand a valid token before anything else is looked at",
        )


def _of(api: Api, role: str) -> Account:
    found = next((account for account in api.accounts() if account.role == role), None)
    if found is None:
        msg = f"the deployment declares no test account of role {role}"
        raise CannotLookError(msg)
    return found


def _judged(line: _Line, role: str, status: int) -> Finding:
    what = f"{line.method} {line.path}"
    if status in (_UNAUTHENTICATED, _LIMITED) or status >= _BROKEN:
        msg = f"{what} as {role} answers {status}, which says nothing about the role's rights"
        raise CannotLookError(msg)
    allowed, refused = role in line.roles, status == _FORBIDDEN
    return Finding(
        subject=f"{role}: {what}",
        ok=allowed is not refused,
        message=f"{'refused' if refused else 'let through'} with {status}, and "
        f"{'has' if allowed else 'does not have'} the right",
        remedy=f"{'give' if allowed else 'take'} {role} the permission behind {what.partition('?')[0]}",
    )
