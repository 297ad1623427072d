"""The application as a check sees it: accounts made and removed, sessions that end, and its audit trail."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from checks.application import Act, Administration, Application, LogIn, Request, Trail
from checks.model import CannotLookError, Reason
from checks.targets import Account, Api, AuditTrail, TrailEntry
from fixtures.application.connections import HttpEndpoint
from fixtures.targets.api.target import ApiTarget, HarnessAccounts
from fixtures.targets.api.trail import RecentEntries, entry_of
from suites.unit.application.clinic import NURSE, Answer, Asked, Clinic, clinic

ADMIN = NURSE.model_copy(update={"username": "admin.a", "role": "admin"})
AUDITORS = [
    NURSE.model_copy(update={"username": f"auditor.{tenant}", "role": "auditor", "tenant": tenant}) for tenant in "ab"
]
LOG_IN = LogIn(
    "json",
    Request("POST", "/in", json={"username": "{username}", "password": "{password}"}),
    whoami=Request("GET", "/me"),
    log_out=Request("POST", "/out"),
)
ADMINISTRATION = Administration(
    "admin",
    create=Request("POST", "/users", json={"name": "{username}", "as": "{role}", "secret": "{password}"}),
    remove=Request("DELETE", "/users/{username}"),
    totp_secret="/totp",  # noqa: S106  where it stands
)
TRAIL = Trail("http", {"at": "when", "username": "who", "outcome": "how"}, act="read trail", entries="/entries")
APPLICATION = Application(
    name="clinic",
    log_in=LOG_IN,
    acts=(Act("read trail", Request("GET", "/trail"), roles=("auditor",)),),
    administration=ADMINISTRATION,
    trail=TRAIL,
)


class _Clinic:
    """Sessions by token, of which a log-out may or may not end one; accounts that come and go; a trail per tenant."""

    def __init__(self, *, log_out_ends: bool = True) -> None:
        self._log_out_ends = log_out_ends
        self._sessions: dict[str, str] = {}
        self._count = 0
        self.users: dict[str, str] = {}
        self.trail: dict[str, list[dict[str, object]]] = {"a": [], "b": []}

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/in":
            self._count += 1
            token = f"t{self._count}"
            self._sessions[token] = asked.table()["username"]
            return Answer(json={"access_token": token})
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self._sessions:
            return Answer(401)
        if asked.path == "/out" and self._log_out_ends:
            del self._sessions[token]
        if asked.path == "/users":
            self.users[asked.table()["name"]] = asked.table()["as"]
            return Answer(201, json={"totp": "JBSWY3DPEHPK3PXP"})
        if asked.method == "DELETE":
            return Answer(204 if self.users.pop(asked.path.rpartition("/")[2], "") else 404)
        if asked.path == "/trail":
            return Answer(json={"entries": self.trail[self._sessions[token][-1]]})
        return Answer()


def _api(server: Clinic, application: Application = APPLICATION) -> ApiTarget:
    return ApiTarget(application, HttpEndpoint(server.base_url), HarnessAccounts((NURSE, ADMIN, *AUDITORS)))


def test_a_session_that_was_ended_is_told_from_one_that_goes_on() -> None:
    """Whatever the account's own session is used for meanwhile."""
    for ends, status in ((True, 401), (False, 200)):
        with clinic(_Clinic(log_out_ends=ends)) as server:
            api = _api(server)
            nurse = api.accounts()[0]
            assert api.send(Request("GET", "/me"), account=nurse).status == 200
            assert api.after_log_out(nurse).status == status
            assert api.send(Request("GET", "/me"), account=nurse).status == 200


def test_a_log_in_tells_what_came_of_it() -> None:
    """A token that is no JSON Web Token has no claims, and none is forged from it."""
    with clinic(_Clinic()) as server:
        api = _api(server)
        seen = api.login(api.accounts()[0])
        assert (seen.status, seen.granted, seen.expires_in_s, seen.claims) == (200, True, None, {})
        with pytest.raises(CannotLookError, match="no JWT"):
            api.with_forged_token(api.accounts()[0], "expired")


def test_a_disposable_account_comes_and_goes() -> None:
    """As the administration takes it; one that does not go is told."""
    answers = _Clinic()
    with clinic(answers) as server:
        api = _api(server)
        made = api.new_account("nurse", "a")
        assert answers.users == {made.username: "nurse"}
        assert made not in api.accounts()
        assert api.send(Request("GET", "/me"), account=made).status == 200
        api.remove_account(made)
        assert answers.users == {}
        with pytest.raises(CannotLookError, match="could not be removed again: HTTP 404"):
            api.remove_account(made)


def _log_out(api: Api) -> object:
    return api.after_log_out(api.accounts()[0])


def _make(api: Api) -> object:
    return api.new_account("nurse", "a")


def _trail(api: Api) -> object:
    return api.trail()


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (_log_out, r"\[log_in\] log_out"),
        (_make, r"\[administration\] section"),
        (_trail, r"\[trail\] section"),
    ],
)
def test_a_line_that_is_missing_is_named(ask: Callable[[Api], object], words: str) -> None:
    """Typed, before anything is sent."""
    with clinic(_Clinic()) as server, pytest.raises(CannotLookError, match=words) as missing:
        ask(_api(server, Application(name="clinic", log_in=LogIn("json", LOG_IN.request))))
    assert (missing.value.reason, server.asked) == (Reason.NOT_DECLARED, [])


def test_secrets_of_strangers_are_not_known() -> None:
    """An account that was not declared cannot be acted as."""
    with clinic(_Clinic()) as server, pytest.raises(CannotLookError, match=r"secrets of stranger are not known"):
        _api(server).send(Request("GET", "/me"), account=Account("stranger", "nurse", "a"))


def test_a_trail_is_read_as_every_tenants_auditor() -> None:
    """What was there before is not new, also when the same entry comes again."""
    answers = _Clinic()
    old: dict[str, object] = {"when": 1, "who": "nurse.a", "how": "ok", "more": "unseen"}
    answers.trail = {"a": [old], "b": []}
    with clinic(answers) as server:
        trail = _api(server).trail()
        assert isinstance(trail, AuditTrail)
        mark = trail.mark()
        answers.trail["a"].append(old)
        answers.trail["b"].append({"when": 2, "who": "nurse.b", "how": None})
        seen = trail.since(mark, at_least=2)
    assert seen == (TrailEntry("1", "nurse.a", outcome="ok"), TrailEntry("2", "nurse.b"))


def test_a_trail_is_waited_for() -> None:
    """It may be written after the answer; what is still missing at the end shows by itself."""
    looks: list[int] = []

    def recent() -> tuple[TrailEntry, ...]:
        looks.append(1)
        return (TrailEntry("1"),) if len(looks) > 3 else ()

    trail = RecentEntries(TRAIL, recent)
    mark = trail.mark()
    assert trail.since(mark, at_least=1) == (TrailEntry("1"),)
    with pytest.raises(TypeError, match="a mark is what mark"):
        trail.since("now", at_least=1)


@pytest.mark.parametrize("said", [{"entries": None}, {"other": []}, {"entries": ["text"]}, []])
def test_an_answer_without_entries_is_no_trail(said: object) -> None:
    """The act and the place are named."""

    def answers(asked: Asked) -> Answer:
        return Answer(json={"access_token": "t"} if asked.path == "/in" else said)

    with clinic(answers) as server, pytest.raises(CannotLookError, match=r"GET /trail holds no list .* at /entries"):
        _api(server).trail().mark()


def test_an_entry_is_told_in_the_description_words() -> None:
    """What it does not hold is empty."""
    row = json.loads('{"when": null, "who": "n", "where": "x"}')
    assert entry_of(row, {**TRAIL.fields, "address": "nowhere"}) == TrailEntry("", "n")
