"""What is kept by a name must not lose what shares it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from checks.application import Application, LogIn, Request
from checks.model import Status
from checks.targets import NodeNoise, PrivacyClaim, ReleasedNoise, Repetition, Spending
from fixtures.application.connections import HttpEndpoint
from fixtures.targets.api.target import ApiTarget, HarnessAccounts
from suites.unit.application.clinic import NURSE, Answer, clinic
from suites.unit.public_faults.edges import verdict


def test_two_tenants_with_the_same_user_name_are_two_people() -> None:
    """11. Each has secrets of its own."""
    other = NURSE.model_copy(update={"tenant": "b", "password": "other"})
    application = Application(name="clinic", log_in=LogIn("basic"))
    with clinic(lambda _asked: Answer()) as server:
        api = ApiTarget(application, HttpEndpoint(server.base_url), HarnessAccounts((NURSE, other)))
        for account in api.accounts():
            api.send(Request("GET", "/me"), account=account)

    assert [account.tenant for account in api.accounts()] == ["a", "b"]
    assert len({each.headers["authorization"] for each in server.asked}) == 2


class _OneNodeTwoSettings:
    """A node whose noise is that of the weaker of two settings files which bear its name."""

    def __init__(self, multipliers: tuple[float, ...]) -> None:
        self._multipliers = multipliers

    def claims(self) -> tuple[PrivacyClaim, ...]:
        return tuple(PrivacyClaim("a", "gaussian", 0.05, 1e-6, None, each, None) for each in self._multipliers)

    def sample_each(self, size: int, seed: int) -> tuple[NodeNoise, ...]:
        drawn = np.rint(np.random.default_rng(seed).normal(0, 20, size))
        return (NodeNoise("a", "a", "histogram", tuple(map(float, drawn)), 20.0),)

    def sample(self, size: int, seed: int) -> npt.NDArray[np.float64]:
        raise NotImplementedError

    def repeat(self, times: int) -> Iterator[Repetition]:
        raise NotImplementedError

    def released(self, queries: int, users: int) -> ReleasedNoise:
        raise NotImplementedError

    def spend(self, clients: int, queries: int) -> Spending:
        raise NotImplementedError


def test_of_two_settings_of_one_node_the_stronger_promise_counts() -> None:
    """11. Whichever of them is read last."""
    for multipliers in ((80.0, 20.0), (20.0, 80.0)):
        seen = verdict(_OneNodeTwoSettings(multipliers), "federation/noise_present_at_each_node")
        assert seen.status is Status.FAIL, seen.explanation
