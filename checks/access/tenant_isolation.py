"""No hospital sees another's patients (45 CFR 164.312(a)(1) and 164.502(b); GDPR article 25)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from checks.lab import Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Account, Api, Reply

_REFUSED = (403, 404)
_OK = 200
_BELOW = ("", "/encounters", "/export", "/consent")
# The tenant's keys are closed off, too; with them open as well the neighbour's patients come out in clear.
_OPEN_TABLES = ("patients", "tenant_keys", "encounters", "consents")
_OPENED = ";".join(f"CREATE POLICY reporting ON {t} FOR SELECT TO clinical_app USING (true)" for t in _OPEN_TABLES)


def _rows_of_every_tenant_visible(lab: Lab) -> Api:
    return lab.api(sql=_OPENED)


def _patients_policy_without_tenant(lab: Lab) -> Api:
    return lab.api(sql="DROP POLICY tenant ON patients; CREATE POLICY tenant ON patients TO clinical_app USING (true)")


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(a)(1)", "hipaa:164.308(a)(4)(i)", "gdpr:25"),
    violations=(_rows_of_every_tenant_visible, _patients_policy_without_tenant),
)
def tenant_isolation(api: Api) -> Iterator[Finding]:
    """Physicians of two tenants: neither reads the other's patient by its id, nor finds it in a list."""
    one, other = _physicians(api)
    listed = {account.username: _listed(api, account) for account in (one, other)}
    for reader, owner in ((one, other), (other, one)):
        theirs = listed[owner.username]
        shared = theirs & listed[reader.username]
        yield Finding(
            subject=f"patients that {reader.username} ({reader.tenant}) lists",
            ok=not shared,
            message=f"{len(shared)} of them belong to {owner.tenant}, too" if shared else f"none of {owner.tenant}",
            remedy="restrict every query to the caller's tenant, in the database (row-level security), too",
        )
        patient = min(theirs)
        for below in _BELOW:
            yield _closed(api, reader, owner, patient, below)


def _physicians(api: Api) -> tuple[Account, Account]:
    physicians = [account for account in api.accounts() if account.role == "physician"]
    for one in physicians:
        for other in physicians:
            if one.tenant != other.tenant:
                return one, other
    msg = "the deployment declares no physicians in two tenants"
    raise CannotLookError(msg)


def _listed(api: Api, account: Account) -> frozenset[str]:
    reply = api.call("GET", "/patients?limit=200", account=account)
    if reply.status != _OK:
        msg = f"{account.username} cannot list patients: {reply.status}"
        raise CannotLookError(msg)
    found = frozenset(_identities(reply))
    if not found:
        msg = f"{account.tenant} has no patient that could be hidden from others"
        raise CannotLookError(msg)
    return found


def _identities(reply: Reply) -> Iterator[str]:
    for patient in json.loads(reply.body)["patients"]:
        yield str(patient["id"])


def _closed(api: Api, reader: Account, owner: Account, patient: str, below: str) -> Finding:
    path = f"/patients/{patient}{below}"
    own = api.call("GET", path, account=owner)
    if own.status != _OK:
        msg = f"{owner.username} cannot read their own GET /patients/ID{below}: {own.status}"
        raise CannotLookError(msg)
    seen = api.call("GET", path, account=reader)
    return Finding(
        subject=f"{reader.username} ({reader.tenant}): GET /patients/ID{below} of {owner.tenant}",
        ok=seen.status in _REFUSED,
        message=f"answers {seen.status}",
        remedy="restrict the table to the caller's tenant by a forced row-level security policy; answer 404",
    )
