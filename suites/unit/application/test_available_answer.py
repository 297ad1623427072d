"""Who is told to come back later has not been answered yet."""

from __future__ import annotations

import pytest

from checks.application import Application, LogIn, Request
from fixtures.application.connections import HttpEndpoint
from fixtures.targets.api.target import ApiTarget, HarnessAccounts
from fixtures.targets.federation.answers import available_answer
from suites.unit.application.clinic import NURSE, Answer, Asked, clinic

_TRAIN = Request("POST", "/train", json={"rounds": 0})
_LATER = (("Retry-After", "1"),)


@pytest.mark.parametrize(
    ("answers", "status", "requests"),
    [
        ([Answer(503, headers=_LATER), Answer(403)], 403, 2),
        ([Answer(503), Answer(403)], 503, 1),  # it does not say that it will be back
        ([Answer(403, headers=_LATER)], 403, 1),
    ],
)
def test_only_an_unavailable_application_is_asked_again(answers: list[Answer], status: int, requests: int) -> None:
    left = list(answers)

    def answer(asked: Asked) -> Answer:
        del asked
        return left.pop(0)

    application = Application(name="clinic", log_in=LogIn("basic"))
    with clinic(answer) as served:
        api = ApiTarget(application, HttpEndpoint(served.base_url), HarnessAccounts((NURSE,)))
        assert available_answer(api, _TRAIN, api.accounts()[0]).status == status
        assert served.paths() == ["POST /train"] * requests
