"""A check of the federation is not green because of a refusal that has nothing to do with its rule."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from checks.catalogue import read
from checks.evaluate import evaluate
from checks.model import Reason, Result, Status
from checks.policy import load_policy
from checks.targets import JointAnswer, NodeContact, Participation, ProblemPart, RoleAnswer, Training

LIES, MINIMUM, TRAINING = (
    f"federation/{name}"
    for name in ("lies_bounded_by_clip", "minimum_participants_enforced", "training_reserved_to_administrators")
)
TOO_FEW = 503
UNRELATED = (302, 401, 403, 404, 422, 429, 500, 502, 504)


class _Refusing:
    """A federation that releases what every hospital answers honestly, and refuses with one status whatever it refuses.

    Args:
        training: role -> the status of its answer.
    """

    def __init__(self, status: int = TOO_FEW, training: dict[str, int] | None = None) -> None:
        self._status, self._training = status, training or {}

    def aggregate_with(self, available: int) -> Participation:
        enough = available >= load_policy("default").privacy.minimum_participants
        return Participation(available, 200 if enough else self._status, released=enough)

    def beside(
        self, behaviours: Sequence[str], kinds: Sequence[str] = ("count",), honest: int | None = None
    ) -> tuple[JointAnswer, ...]:
        del honest
        return tuple(
            JointAnswer(kind, behaviour, self._status, None, 0, None, 0.0)
            if behaviour
            else JointAnswer(kind, behaviour, 200, 100.0, 3, (-100.0, 1000.0), 10.0)
            for behaviour in behaviours
            for kind in kinds
        )

    def train_as(self) -> tuple[RoleAnswer, ...]:
        return tuple(RoleAnswer(role, status) for role, status in self._training.items())

    def contact(self, way: str) -> tuple[NodeContact, ...]:
        raise NotImplementedError

    def problem(self) -> tuple[ProblemPart, ...]:
        raise NotImplementedError

    def train(self, rounds: int) -> Training:
        raise NotImplementedError


def _examined(check: str, federation: _Refusing) -> Result:
    return evaluate(read(check), lambda _kind: federation, load_policy("default"), target="unit")


@pytest.mark.parametrize("check", [LIES, MINIMUM])
def test_too_few_hospitals_are_a_refusal(check: str) -> None:
    result = _examined(check, _Refusing())

    assert (result.status, result.explanation) == (Status.PASS, "")


@pytest.mark.parametrize("check", [LIES, MINIMUM])
@pytest.mark.parametrize("status", UNRELATED)
def test_another_refusal_says_nothing(check: str, status: int) -> None:
    result = _examined(check, _Refusing(status))

    assert (result.status, result.reason) == (Status.UNKNOWN, Reason.COULD_NOT_LOOK)
    assert f"answers {status}, which says nothing about" in result.explanation


@pytest.mark.parametrize("nobody", [401, 403])
def test_a_training_is_refused_for_want_of_the_right(nobody: int) -> None:
    result = _examined(TRAINING, _Refusing(training={"admin": 422, "researcher": 403, "": nobody}))

    assert (result.status, result.explanation) == (Status.PASS, "")


@pytest.mark.parametrize("status", [401, 404, 429, 500, 502, 503, 504])
def test_a_training_that_is_refused_otherwise_says_nothing(status: int) -> None:
    result = _examined(TRAINING, _Refusing(training={"admin": 422, "researcher": status}))

    assert (result.status, result.reason) == (Status.UNKNOWN, Reason.COULD_NOT_LOOK)
    assert result.explanation == (
        f"a training asked for by researcher answers {status}, which says nothing about the right to it"
    )


def test_a_training_that_is_looked_into_was_let_through() -> None:
    result = _examined(TRAINING, _Refusing(training={"admin": 422, "researcher": 422}))

    assert result.status is Status.FAIL
    assert [finding.ok for finding in result.findings] == [True, False]
