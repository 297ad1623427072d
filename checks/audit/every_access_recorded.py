"""Every access to patients' data leaves an entry that says who, what and with what outcome (45 CFR 164.312(b)).

The check acts under known accounts and looks for each act among what the trail gained meanwhile: by the request id of
the answer, or, where there is none, by who did what to whom.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from checks.acting import account_with, disposable, done, known_values, some_account
from checks.application import Act, Trail
from checks.lab import ApiFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, NotDeclaredError, Severity, check
from checks.targets import Account, Api, TrailEntry

_WRONG = "not-the-password-of-anybody"
_HIDDEN = 404


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
class _Plan:
    """What is to be done: by whom, about which record, and whether it will be let through."""

    act: Act
    account: Account
    values: Mapping[str, str]
    allowed: bool


@dataclass(frozen=True)
class _Done:
    """What was done: by whom, whether it was let through, about which record, and the request id of the answer."""

    what: str
    account: Account
    allowed: bool
    record: str
    request_id: str


@check(
    gate=Gate.COMPLIANCE,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(b)", "hipaa:164.308(a)(1)(ii)(D)", "hipaa:164.312(a)(2)(i)"),
    violations=(_reads_discarded_in_the_database, _denials_told_as_successes, _audit_switched_off),
)
def every_access_recorded(api: Api) -> Iterator[Finding]:
    """Every act that reads PHI, one that is refused, and log-ins, each looked up in what the trail gained."""
    acts = [act for act in api.application.reads(phi=True) if act.roles]
    if not acts:
        msg = "the application file names no [[act]] with phi = true that some role may"
        raise NotDeclaredError(msg, "acts")
    planned = [*_reads(api, acts), *_refused(api, acts)]  # logs in and looks records up, before anything counts
    trail = api.trail()
    before = trail.mark()
    what_was_done = [_done(api, plan, trail.description) for plan in planned]
    left = list(trail.since(before, at_least=len(what_was_done)))
    # An entry accounts for one act. Those that name a record come first: for a list any entry of its reader would do.
    for one in sorted(what_was_done, key=lambda one: not one.record):
        yield _recorded(one, left, trail.description)
    yield from _log_ins(api)


def _reads(api: Api, acts: Sequence[Act]) -> Iterator[_Plan]:
    for act in acts:
        account = account_with(api, act.roles[0])
        yield _Plan(act, account, known_values(api, act, account), allowed=True)


def _refused(api: Api, acts: Sequence[Act]) -> Iterator[_Plan]:
    """The first act that some role may not do."""
    for act in acts:
        role = next((role for role in api.application.roles if role not in act.roles), None)
        if role is not None:
            values = known_values(api, act, account_with(api, act.roles[0]))
            yield _Plan(act, account_with(api, role), values, allowed=False)
            return


def _done(api: Api, plan: _Plan, trail: Trail) -> _Done:
    act, account, what = plan.act, plan.account, plan.act.name
    if plan.allowed:
        reply = done(api, act, account, plan.values)
    else:
        what = f"{act.name}, which is refused,"
        reply = api.send(act.request.filled(plan.values), account=account)
        if reply.status not in (*api.application.refusals, _HIDDEN):
            msg = f"{act.request} as {account.role}, who may not, answers {reply.status}: no refusal could be recorded"
            raise CannotLookError(msg)
    return _Done(what, account, plan.allowed, plan.values.get(act.record, ""), reply.headers.get(trail.request_id, ""))


def _recorded(one: _Done, left: list[TrailEntry], trail: Trail) -> Finding:
    """Judge one act, and take the entry that accounts for it away from those that are left."""
    problem = "has no entry"
    if trail.request_id and not one.request_id:
        problem = "answers without a request id, so it cannot be found again"
    found = [e for e in left if e.request_id == one.request_id] if one.request_id else _alike(one, left)
    for entry in found:
        problem = ", ".join(_faults(one, entry, trail))
        if not problem:
            left.remove(entry)
            break
    return Finding(
        subject=f"{one.what} by {one.account.username}",
        ok=not problem,
        message=problem or f"recorded{f', request {one.request_id}' if one.request_id else ''}",
        remedy="write who, action, resource, outcome and request id to the trail before the answer leaves",
    )


def _alike(one: _Done, left: Sequence[TrailEntry]) -> list[TrailEntry]:
    """Without request ids: entries of that account about that record."""
    return [entry for entry in left if entry.username == one.account.username and one.record in entry.resource]


def _faults(one: _Done, entry: TrailEntry, trail: Trail) -> Iterator[str]:
    if entry.username != one.account.username:
        yield f"it names {entry.username}"
    if not _says(entry, trail, allowed=one.allowed):
        yield f"the outcome is '{entry.outcome}'"
    for name in ("at", "action", "address"):
        if name in trail.fields and not getattr(entry, name):
            yield f"{name} is missing"
    if one.record not in entry.resource:
        yield "the record is not named"


def _log_ins(api: Api) -> Iterator[Finding]:
    """A wrong password and a right one of a fresh account, which nobody else uses meanwhile."""
    if api.application.log_in is None or api.application.log_in.kind in ("basic", "bearer"):
        return  # there is no log-in apart from the acts themselves
    trail = api.trail()
    some = some_account(api)
    with disposable(api, some.role, some.tenant) as newcomer:
        before = trail.mark()
        granted = {False: api.login(newcomer, password=_WRONG).granted, True: api.login(newcomer).granted}
        if granted != {False: False, True: True}:
            msg = "a fresh account's wrong and right log-in did not end in a refusal and a success"
            raise CannotLookError(msg)
        entries = [e for e in trail.since(before, at_least=2) if e.username == newcomer.username]
    for right, what in ((False, "a log-in with a wrong password"), (True, "a log-in")):
        found = [entry for entry in entries if _says(entry, trail.description, allowed=right)]
        yield Finding(
            subject=what,
            ok=len(found) > 0,
            message=f"recorded: {found[0].outcome}" if found else f"no entry of it among {len(entries)}",
            remedy="record every log-in and every failure, by name, before the answer leaves",
        )


def _says(entry: TrailEntry, trail: Trail, *, allowed: bool) -> bool:
    return entry.outcome.lower().startswith(trail.granted if allowed else trail.refused)
