"""The load of the examples is as short as it may be, and long enough to decide what their policies promise."""

from __future__ import annotations

import math

import pytest

from checks.performance._early_stopping import P95, P99, samples_needed
from checks.policy import load_policy
from examples.catalogue import EXAMPLES
from fixtures import REPOSITORY
from loadtests.schedules.profiles import Role, load_profile

_FOLDER = REPOSITORY / "examples"
_SHARES: dict[Role, float] = {"clinician": P99, "nurse": P95}


@pytest.mark.parametrize("name", EXAMPLES)
def test_there_are_enough_requests_to_decide_every_limit(name: str) -> None:
    """With none late, and two standard deviations fewer than are meant to come, by whom the promise is made for."""
    promised = load_policy(str(_FOLDER / name / "policy.toml")).performance
    profile = load_profile(str(_FOLDER / "load.toml"))
    assert profile.users >= promised.users
    fewer = profile.for_fewer(promised.users)
    shares = {role: count / fewer.users for role, count in fewer.headcount().items()}
    for role, late in _SHARES.items():
        meant = fewer.rate * shares[role] * fewer.seconds
        assert meant - 2 * math.sqrt(meant) >= samples_needed(0, late, promised.confidence), role
    assert profile.warm_up_s + profile.seconds <= 50
