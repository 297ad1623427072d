"""No hospital sees another's patients (45 CFR 164.312(a)(1) and 164.502(b); GDPR article 25)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from checks.acting import done, every_value
from checks.application import Act
from checks.lab import ApiFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, NotDeclaredError, Reason, Severity, check
from checks.targets import Account, Api

_HIDDEN = (403, 404)
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
    """People of two tenants: neither reads the other's record by its id, by any act, nor finds it in a list."""
    acts = [act for act in api.application.reads(phi=True) if act.record]
    if not acts:
        msg = "the application file names no [[act]] with phi = true that reads a record (record = ...)"
        raise NotDeclaredError(msg, "tenancy")
    for record in sorted({act.record for act in acts}):
        one, other = _neighbours(api, record)
        known = {account: _listed(api, record, account) for account in (one, other)}
        for reader, owner in permutations((one, other)):
            theirs = known[owner]
            shared = theirs & known[reader]
            yield Finding(
                subject=f"{record}s that {reader.username} ({reader.tenant}) lists",
                ok=not shared,
                message=f"{len(shared)} of them belong to {owner.tenant}, too" if shared else f"none of {owner.tenant}",
                remedy="restrict every query to the caller's tenant, in the database (row-level security), too",
            )
            if own := theirs - shared:  # where both see the same nobody knows whose it is, and it failed already
                for act in (act for act in acts if act.record == record):
                    yield from _closed(api, act, (reader, owner), min(own))


def _neighbours(api: Api, record: str) -> tuple[Account, Account]:
    """Two accounts of two tenants that may both list such records."""
    lists = [act for act in api.application.yielding(record) if not act.request.placeholders]
    able = [account for account in api.accounts() if any(account.role in act.roles for act in lists)]
    for one, other in permutations(able, 2):
        if one.tenant != other.tenant:
            return one, other
    msg = f"no two [[api.accounts]] of two tenants may list anything that yields {{{record}}}"
    raise NotDeclaredError(msg, "tenancy")


def _listed(api: Api, record: str, account: Account) -> frozenset[str]:
    found = every_value(api, record, account)
    if not found:
        msg = f"{account.tenant} has no {record} that could be hidden from others"
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    return found


def _closed(api: Api, act: Act, pair: tuple[Account, Account], record: str) -> Iterator[Finding]:
    reader, owner = pair
    colleague = next((a for a in api.accounts() if a.tenant == owner.tenant and a.role in act.roles), None)
    stranger = next((a for a in api.accounts() if a.tenant == reader.tenant and a.role in act.roles), None)
    if colleague is None or stranger is None:
        return  # nobody of one of the tenants may do this at all: the role matrix speaks of it
    done(api, act, colleague, {act.record: record})
    seen = api.send(act.request.filled({act.record: record}), account=stranger)
    yield Finding(
        subject=f"{stranger.username} ({stranger.tenant}): {act.name} of {owner.tenant}",
        ok=seen.status in _HIDDEN,
        message=f"{act.request} answers {seen.status}",
        remedy="restrict the table to the caller's tenant by a forced row-level security policy; answer 404",
    )
