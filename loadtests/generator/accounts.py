"""Which account each user of a load is: one of the role that the profile gives the user.

shared_out(profile, accounts, application, per_account=1)   # (("clinician", <dr.a>), ("nurse", <ward.b>), ...)
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from checks.application import Application
from loadtests.schedules.profiles import ACCOUNT_ROLES, Profile, Role


class TooFewAccountsError(Exception):
    """The profile needs more accounts of a role than there are; the message says how many."""


class LoadAccount(BaseModel):
    """A test account of the target, with its secrets; ``role`` is the application's own name of it."""

    model_config = ConfigDict(frozen=True)

    username: str
    role: str
    password: str = Field(repr=False)
    totp_secret: str = Field(repr=False)


Assignment = tuple[Role, LoadAccount | None]


def shared_out(
    profile: Profile,
    accounts: Sequence[LoadAccount],
    application: Application | None,
    *,
    target: str,
    per_account: int = 1,
) -> tuple[Assignment, ...]:
    """Each user's role and account, in the order of the users' indices; None where nobody logs in.

    Args:
        target: what declares the accounts, for the message.
        per_account: how many users may be the same account.

    Raises:
        TooFewAccountsError: there are too few accounts of a role.
    """
    assigned: list[tuple[float, Role, LoadAccount | None]] = []
    for role, count in profile.headcount().items():
        if not accounts or role not in ACCOUNT_ROLES:
            assigned += [((number + 0.5) / count, role, None) for number in range(count)]
            continue
        fitting = _fitting(profile, role, accounts, application)
        needed = math.ceil(count / per_account)
        if len(fitting) < needed:
            sharing = math.ceil(count / len(fitting)) if fitting else 0
            msg = (
                f"profile {profile.name} needs {needed} accounts of the role {_named(profile, role, application)}; "
                f"{target} declares {len(fitting)}"
                + (f": or may so many share one? users_per_account = {sharing} under [api]" if sharing else "")
            )
            raise TooFewAccountsError(msg)
        assigned += [
            ((number + 0.5) / count, role, fitting[number % min(len(fitting), count)]) for number in range(count)
        ]
    in_turn = sorted(assigned, key=lambda each: each[0])  # so that any number of first users is a mix of roles
    return tuple((role, account) for _, role, account in in_turn)


def _fitting(
    profile: Profile, role: Role, accounts: Sequence[LoadAccount], application: Application | None
) -> list[LoadAccount]:
    """Accounts of the role's own kind; where there is none, those of whoever may do all that the role does."""
    if application is None:
        return [account for account in accounts if account.role == ACCOUNT_ROLES[role]]
    able = [account for account in accounts if _may(account.role, profile, role, application)]
    own = [account for account in able if application.roles.get(account.role) == ACCOUNT_ROLES[role]]
    return own or able


def _may(own_name: str, profile: Profile, role: Role, application: Application) -> bool:
    described = application.loaded()
    asked = (described.get(action) for action in profile.weights(role))
    return all(roles is None or own_name in roles for roles in asked)


def _named(profile: Profile, role: Role, application: Application | None) -> str:
    """The policy's name of a role, and those of the application that may do what it does, where they are others."""
    theirs = [own for own in application.roles if _may(own, profile, role, application)] if application else []
    name = ACCOUNT_ROLES[role]
    return name if name in theirs or not theirs else f"{name} ({' or '.join(theirs)})"
