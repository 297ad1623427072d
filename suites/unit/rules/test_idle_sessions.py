"""When a session that nobody uses is known to end: what a log-in states, what can be waited for, what nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from checks.access.idle_session_ends import idle_session_ends
from checks.application import Application, Request
from checks.model import CannotLookError, Finding
from checks.policy import Policy, SessionPolicy, load_policy
from checks.targets import Account, AuditTrail, Login, Operation, Reply

pytestmark = pytest.mark.unit
HOUR = 3600
NURSE = Account("n", "nurse", "north")
POLICY = load_policy("medical-assistant")  # an hour idle, tokens of a day


@dataclass
class _Clinic:
    """An application whose every session answers ``left_alone`` after some time without a request."""

    login_answer: Login
    left_alone: int = 401
    waited: list[float] = field(default_factory=list)
    base_url: str = "https://clinic.test"
    application: Application = field(default_factory=lambda: Application("clinic", roles={"nurse": "nurse"}))

    def accounts(self) -> tuple[Account, ...]:
        return (NURSE,)

    def operations(self) -> tuple[Operation, ...]:
        return ()

    def send(self, request: Request, *, account: Account | None = None) -> Reply:
        raise NotImplementedError

    def login(self, account: Account, *, password: str | None = None, code: str | None = None) -> Login:
        del account, password, code
        return self.login_answer

    def after_log_out(self, account: Account) -> Reply:
        raise NotImplementedError

    def after_idling(self, account: Account, seconds: float) -> Reply:
        del account
        self.waited.append(seconds)
        return Reply(self.left_alone, {}, b"", 0.0)

    def with_forged_token(self, account: Account, flaw: str) -> Reply:
        raise NotImplementedError

    def new_account(self, role: str, tenant: str) -> Account:
        return Account("fresh", role, tenant)

    def remove_account(self, account: Account) -> None:
        del account

    def trail(self) -> AuditTrail:
        raise NotImplementedError


def _login(idle_s: int | None = None, lasts_s: int | None = None, claims: Mapping[str, object] | None = None) -> Login:
    return Login(200, granted=True, expires_in_s=lasts_s, claims=claims or {}, idle_s=idle_s)


def _judged(clinic: _Clinic, policy: Policy = POLICY) -> list[Finding]:
    return list(idle_session_ends(clinic, policy))


@pytest.mark.parametrize(
    ("login", "ends_s", "ok"),
    [
        (_login(idle_s=900, lasts_s=86_400), 900, True),
        (_login(idle_s=7200, lasts_s=86_400), 7200, False),
        (_login(idle_s=7200, lasts_s=1800), 1800, True),  # it ends sooner than it can be idle
        (_login(lasts_s=1800), 1800, True),
        (_login(claims={"iat": 1000, "exp": 2800}), 1800, True),
        (_login(idle_s=-1, lasts_s=86_400), -1, False),  # as some say "never"
    ],
)
def test_what_the_log_in_states_is_held_to_the_policy(login: Login, ends_s: int, ok: bool) -> None:  # noqa: FBT001  a parameter of the case
    """The sooner of the idle time-out and the lifetime; half an hour is not waited for."""
    clinic = _Clinic(login)
    [finding] = _judged(clinic)
    assert (finding.ok, finding.message) == (ok, f"ends after {ends_s} s, allowed are {HOUR} s")
    assert clinic.waited == []


@pytest.mark.parametrize(("answer", "ok"), [(401, True), (200, False)])
def test_a_short_time_out_is_waited_for(answer: int, ok: bool) -> None:  # noqa: FBT001  likewise
    """A little longer than is stated, and whatever is stated, what counts is the answer then."""
    clinic = _Clinic(_login(idle_s=5), left_alone=answer)
    stated, left_alone = _judged(clinic)
    assert (stated.ok, left_alone.ok, clinic.waited) == (True, ok, [6])


def test_what_is_not_stated_is_waited_for_when_the_policy_is_short() -> None:
    """Then the policy's own time is what a session is left alone for."""
    short = POLICY.model_copy(update={"session": SessionPolicy(idle_seconds=10)})
    clinic = _Clinic(_login(lasts_s=86_400))
    [finding] = _judged(clinic, short)
    assert (finding.ok, clinic.waited) == (True, [11])


@pytest.mark.parametrize(
    ("login", "sentence"),
    [(_login(lasts_s=86_400), "its sessions last 86400 s"), (_login(), "it states no lifetime either")],
)
def test_what_is_neither_stated_nor_to_be_waited_for_is_unknown(login: Login, sentence: str) -> None:
    """An hour cannot be waited for, and a token of a day says nothing about idling."""
    with pytest.raises(CannotLookError, match=sentence):
        _judged(_Clinic(login))
