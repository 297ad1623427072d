"""Every access to patients' data leaves an entry that says who, what and with what outcome (45 CFR 164.312(b)).

The check acts under known accounts, reads the request ids of the answers, and then asks the trail as an auditor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.access._disposable import disposable
from checks.lab import ApiFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Account, Api, Reply

_OK, _FORBIDDEN = 200, 403
_WRONG = "not-the-password-of-anybody"
# What the trail may call it, by its first word.
_WORDS = {True: ("ok", "granted", "allowed", "success"), False: ("denied", "refused", "forbidden", "failed")}
Entry = Mapping[str, object]


def _reads_discarded_in_the_database(lab: Lab) -> Api:
    return lab.build(
        ApiFlaws(
            sql="""
        DROP TRIGGER advance_head ON audit_log;
        CREATE FUNCTION discard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER discard BEFORE INSERT ON audit_log FOR EACH ROW
          WHEN (NEW.action LIKE 'patient%' AND NEW.outcome LIKE 'ok%') EXECUTE FUNCTION discard();
    """
        )
    )


def _denials_told_as_successes(lab: Lab) -> Api:
    return lab.build(
        ApiFlaws(
            sql="""
        CREATE FUNCTION soften() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN NEW.outcome := ''ok''; RETURN NEW; END';
        CREATE TRIGGER soften BEFORE INSERT ON audit_log FOR EACH ROW
          WHEN (NEW.outcome LIKE 'denied%') EXECUTE FUNCTION soften();
    """
        )
    )


def _audit_switched_off(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"audit.enabled": False}))


@dataclass(frozen=True)
class _Act:
    """What was done: by whom, whether it was let through, and the request id of the answer."""

    what: str
    account: Account
    allowed: bool
    resource: str
    request_id: str


@check(
    gate=Gate.COMPLIANCE,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(b)", "hipaa:164.308(a)(1)(ii)(D)", "hipaa:164.312(a)(2)(i)"),
    violations=(_reads_discarded_in_the_database, _denials_told_as_successes, _audit_switched_off),
)
def every_access_recorded(api: Api) -> Iterator[Finding]:
    """Reads, denials, exports and log-ins, each looked up in the trail by its request id, or by its fresh account."""
    physician = _of(api, "physician", "")
    auditor, nurse = (_of(api, role, physician.tenant) for role in ("auditor", "nurse"))
    acts = list(_accesses(api, physician, nurse))
    with disposable(api, "nurse", physician.tenant) as newcomer:
        logins = {False: api.login(newcomer, password=_WRONG).granted, True: api.login(newcomer).granted}
    if logins != {False: False, True: True}:
        msg = "a fresh account's wrong and right log-in did not end in a refusal and a success"
        raise CannotLookError(msg)
    trail = _trail(api, auditor)
    for act in acts:
        yield _recorded(act, [entry for entry in trail if entry.get("request_id") == act.request_id])
    entries = [e for e in trail if e.get("username") == newcomer.username and "login" in str(e.get("action"))]
    for granted, what in ((False, "a log-in with a wrong password"), (True, "a log-in")):
        found = [entry for entry in entries if _says(entry, allowed=granted)]
        yield Finding(
            subject=what,
            ok=len(found) > 0,
            message=f"recorded: {found[0].get('outcome')}" if found else f"no entry of it among {len(entries)}",
            remedy="record every log-in and every failure, by name, before the answer leaves",
        )


def _of(api: Api, role: str, tenant: str) -> Account:
    found = next((a for a in api.accounts() if a.role == role and tenant in ("", a.tenant)), None)
    if found is None:
        msg = f"the deployment declares no test account of role {role} {f'in {tenant}' if tenant else ''}"
        raise CannotLookError(msg)
    return found


def _accesses(api: Api, physician: Account, nurse: Account) -> Iterator[_Act]:
    listed = api.call("GET", "/patients?limit=1", account=physician)
    patient = str(json.loads(_answered(listed, _OK).body)["patients"][0]["id"])
    yield _act("a list of patients", physician, listed, _OK, "patients")
    for what, account, below, status in (
        ("a patient read", physician, "", _OK),
        ("a patient's encounters", nurse, "/encounters", _OK),
        ("an export", physician, "/export", _OK),
        ("an export that is refused", nurse, "/export", _FORBIDDEN),
    ):
        reply = api.call("GET", f"/patients/{patient}{below}", account=account)
        yield _act(what, account, reply, status, patient)


def _answered(reply: Reply, status: int) -> Reply:
    if reply.status != status:
        msg = f"an access that should answer {status} answers {reply.status}"
        raise CannotLookError(msg)
    return reply


def _act(what: str, account: Account, reply: Reply, status: int, resource: str) -> _Act:
    identity = _answered(reply, status).headers.get("x-request-id", "")
    return _Act(what, account, status == _OK, resource, identity)


def _trail(api: Api, auditor: Account) -> list[Entry]:
    reply = _answered(api.call("GET", "/audit?limit=1000", account=auditor), _OK)
    return list(json.loads(reply.body)["entries"])


def _recorded(act: _Act, entries: list[Entry]) -> Finding:
    problem = "has no entry" if act.request_id else "answers without a request id, so it cannot be found again"
    for entry in entries:
        wrong = [] if entry.get("username") == act.account.username else [f"it names {entry.get('username')}"]
        wrong += [] if _says(entry, allowed=act.allowed) else [f"the outcome is '{entry.get('outcome')}'"]
        wrong += [f"{name} is missing" for name in ("at", "action", "address") if not entry.get(name)]
        wrong += [] if act.resource in str(entry.get("resource")) else ["the resource is not named"]
        problem = ", ".join(wrong)
        if not wrong:
            break
    return Finding(
        subject=f"{act.what} by {act.account.username}",
        ok=not problem,
        message=problem or f"recorded, request {act.request_id}",
        remedy="write who, action, resource, outcome and request id to the trail before the answer leaves",
    )


def _says(entry: Entry, *, allowed: bool) -> bool:
    return str(entry.get("outcome")).lower().startswith(_WORDS[allowed])
