"""A profile without what an application's description leaves out; what is left out goes to the rest of the mix."""

from __future__ import annotations

from collections.abc import Collection

from checks.application.load import Action
from loadtests.schedules.profiles import Profile, make_profile

NEEDS_NO_DESCRIPTION: frozenset[Action] = frozenset({"page.get"})


def described(profile: Profile, actions: Collection[Action]) -> tuple[Profile | None, tuple[Action, ...]]:
    """The profile with these actions only, None when nothing of it remains, and the actions that were left out.

    The share of an action goes to the others of its role, that of a role without any to the other roles.
    """
    known = NEEDS_NO_DESCRIPTION | set(actions)
    kept = {role: {a: w for a, w in profile.weights(role).items() if a in known} for role in profile.roles}
    left_out = tuple(sorted({a for role in profile.roles for a in profile.weights(role)} - known))
    if not left_out:
        return profile, ()
    shares = {role: share for role, share in profile.roles.items() if kept[role]}
    if not shares:
        return None, left_out
    whole = sum(shares.values())
    return make_profile(
        profile.model_dump()
        | {
            "roles": {role: share / whole for role, share in shares.items()},
            "actions": {role: kept[role] for role in shares},
        }
    ), left_out
