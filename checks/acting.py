"""Performing acts: whose account may, which values an act needs, and the positive control before every refusal.

    physician = account_of(api, "physician")
    own = known_values(api, api.application.act("read patient"), physician)   # {"patient": "7f3c..."}
    reply = done(api, api.application.act("read patient"), physician, own)    # raises when it was not done

Pure but for what the target does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from checks.application import Act, Request
from checks.application.answers import values_at
from checks.model import CannotLookError, NotDeclaredError, Reason
from checks.targets import Account, Api, Reply


def own_roles(api: Api, policy_role: str) -> tuple[str, ...]:
    """The application's own roles that are this one of the policy's."""
    return tuple(theirs for theirs, role in api.application.roles.items() if role == policy_role)


def usual_role(api: Api) -> str:
    """One of the application's own roles for somebody who is nobody in particular: a nurse's, if there is such.

    Raises:
        CannotLookError: it has none.
    """
    for role in (*own_roles(api, "nurse"), *api.application.roles):
        return role
    msg = "the application file has no [roles], which say what each of its roles is to the policy"
    raise NotDeclaredError(msg, "roles")


def some_account(api: Api) -> Account:
    """The first declared test account.

    Raises:
        CannotLookError: there is none.
    """
    for account in api.accounts():
        return account
    msg = "the target file has no [[api.accounts]], so nobody can be anybody"
    raise NotDeclaredError(msg, "accounts")


def account_of(api: Api, policy_role: str, tenant: str = "") -> Account:
    """A declared test account whose role is this one of the policy's, in a tenant or in any.

    Raises:
        CannotLookError: there is none.
    """
    theirs = own_roles(api, policy_role)
    for account in api.accounts():
        if account.role in theirs and tenant in ("", account.tenant):
            return account
    where = f" in {tenant}" if tenant else ""
    msg = f"no [[api.accounts]] has a role that [roles] maps to '{policy_role}'{where}"
    raise NotDeclaredError(msg, "accounts")


def account_with(api: Api, role: str, tenant: str = "") -> Account:
    """A declared test account with one of the application's own roles.

    Raises:
        CannotLookError: there is none.
    """
    for account in api.accounts():
        if account.role == role and tenant in ("", account.tenant):
            return account
    where = f" in {tenant}" if tenant else ""
    msg = f"no [[api.accounts]] has role '{role}'{where}"
    raise NotDeclaredError(msg, "accounts")


@contextmanager
def disposable(api: Api, role: str, tenant: str) -> Iterator[Account]:
    """A fresh account with one of the application's own roles, gone afterwards."""
    account = api.new_account(role, tenant)
    try:
        yield account
    finally:
        api.remove_account(account)


@contextmanager
def somebody(api: Api, role: str, tenant: str) -> Iterator[Account]:
    """Whose sessions may come and go: a fresh account, or a declared one where none may be written."""
    try:
        account = api.new_account(role, tenant)
    except NotDeclaredError as problem:
        if problem.part != "writes":
            raise
        yield account_with(api, role)
        return
    try:
        yield account
    finally:
        api.remove_account(account)


def whoami(api: Api) -> Request:
    """The request that answers whoever is logged in.

    Raises:
        CannotLookError: the description names none.
    """
    log_in = api.application.log_in
    if log_in is None or log_in.whoami is None:
        msg = 'the application file names no [log_in] whoami, e.g. whoami = "GET /me"'
        raise NotDeclaredError(msg, "sessions")
    return log_in.whoami


def done(api: Api, act: Act, account: Account, values: Mapping[str, str] | None = None) -> Reply:
    """The answer to an act that must be done: the positive control of what is to be refused to others.

    Raises:
        CannotLookError: it was not done.
    """
    reply = api.send(act.request.filled(values or {}), account=account)
    if reply.status not in act.success:
        msg = f"{account.username} ({account.role}) cannot {act.name}: {act.request} answers {reply.status}"
        raise CannotLookError(msg)
    return reply


def known_values(api: Api, act: Act, account: Account) -> dict[str, str]:
    """A value for every placeholder of an act, of the account's own tenant, found by acts that yield it.

    Raises:
        CannotLookError: no act yields one, or none of its answers holds any.
    """
    values: dict[str, str] = {}
    for name in sorted({*act.request.placeholders, *([act.record] if act.record else [])}):
        if found := every_value(api, name, account):
            values[name] = min(found)
        else:
            msg = f"no record of {account.tenant or 'anybody'} is there to {act.name} with: nothing yields {{{name}}}"
            raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    return values


def every_value(api: Api, placeholder: str, account: Account) -> frozenset[str]:
    """Every value that acts without placeholders yield to somebody of the account's tenant who may perform them."""
    found: set[str] = set()
    for act in api.application.yielding(placeholder):
        if not act.request.placeholders and act.roles:
            who = account if account.role in act.roles else _somebody(api, act, account.tenant)
            found |= values_in(done(api, act, who), act.yields[placeholder])
    return frozenset(found)


def _somebody(api: Api, act: Act, tenant: str) -> Account:
    for role in act.roles:
        for account in api.accounts():
            if account.role == role and account.tenant == tenant:
                return account
    msg = f"no [[api.accounts]] of {tenant or 'any tenant'} may {act.name}"
    raise NotDeclaredError(msg, "accounts")


def values_in(reply: Reply, pointer: str) -> frozenset[str]:
    """What a JSON pointer points to in an answer, see `checks.application.answers.values_at`."""
    return values_at(reply.body, pointer)
