"""No hospital sees another's patients (45 CFR 164.312(a)(1) and 164.502(b); GDPR article 25)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from checks.lab import ApiFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Account, Api, Reply

_REFUSED = (403, 404)
_OK = 200
_BELOW = ("", "/encounters", "/export", "/consent")
_READ = "FUNCTION read_patients(text[], text[], text[], uuid[])"


def _rows_of_every_tenant_visible(lab: Lab) -> Api:
    return lab.build(ApiFlaws(sql="CREATE POLICY reporting ON patients FOR SELECT TO clinical_app USING (true)"))


def _single_reads_past_row_level_security(lab: Lab) -> Api:
    return lab.build(ApiFlaws(sql=f"ALTER {_READ} OWNER TO postgres; ALTER {_READ} SECURITY DEFINER"))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(a)(1)", "hipaa:164.308(a)(4)(i)", "gdpr:25"),
    violations=(_rows_of_every_tenant_visible, _single_reads_past_row_level_security),
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
        if own := theirs - shared:  # where both see the same, nobody knows whose a patient is, and it failed already
            for below in _BELOW:
                yield _closed(api, reader, owner, min(own), below)


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
