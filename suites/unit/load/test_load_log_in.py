"""A load's users log in as the application's description says, in the ways that they know."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from gevent.lock import Semaphore

from checks.application import Act, Application, LoadAct, LogIn, Request
from fixtures.deployment.destination import destination
from fixtures.deployment.target_file import TargetError, TargetFile
from loadtests.generator.accounts import LoadAccount
from loadtests.generator.spec import Destination, LoadSpec, SpecError
from loadtests.recording.recorder import Recorder
from loadtests.schedules.arrivals import Arrival
from loadtests.schedules.profiles import load_profile
from loadtests.users.account_session import AccountSession, LogInError
from loadtests.users.http_client import Endpoint, HttpClient
from loadtests.users.sessions import UserSession
from suites.unit.application.clinic import NURSE, TOTP_SECRET, Answer, Asked, SecondFactor, clinic

FORM = Request("POST", "/token", form={"user": "{username}", "secret": "{password}", "grant_type": "password"})
GRANT = LogIn("password-grant", FORM, token="/token", expires_in="/seconds")  # noqa: S106  where it stands
JSON = Request("POST", "/auth/login", json={"username": "{username}", "password": "{password}", "totp": "{code}"})


def _logged_in(base_url: str, how: LogIn, totp_secret: str = "") -> HttpClient:
    account = LoadAccount(username="nurse.a", role="physician", password=NURSE.password, totp_secret=totp_secret)
    whom = Destination(
        target="t", base_url=base_url, accounts=(account,), application=Application(name="clinic", log_in=how)
    )
    host, port = whom.address()
    client = HttpClient(Endpoint(host, port, "", None), source="", timeout_s=5)
    session = UserSession("clinician", AccountSession(account, whom), client, Recorder({}), whom, turn=Semaphore(1))
    try:
        session.log_in()
    finally:
        session.close()
    return client


def test_a_form_is_sent_and_the_token_read_where_it_stands() -> None:
    """With one media type, and the status of whatever success it is."""
    with clinic(lambda _: Answer(201, json={"token": "abc", "seconds": 60})) as server:
        assert _logged_in(server.base_url, GRANT).authorization == "Bearer abc"
    [asked] = server.asked
    assert (asked.path, asked.body) == ("/token", b"user=nurse.a&secret=right&grant_type=password")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_second_factor_goes_along() -> None:
    """A code of this moment."""
    with clinic(SecondFactor()) as server:
        assert (
            _logged_in(server.base_url, LogIn("json", JSON, code="totp"), TOTP_SECRET).authorization == "Bearer token-1"
        )
    assert server.asked[0].headers["content-type"] == "application/json"


def test_basic_credentials_are_shown_with_every_request() -> None:
    """Nothing is sent to log in."""
    with clinic(lambda _: Answer()) as server:
        assert _logged_in(server.base_url, LogIn("basic")).authorization == "Basic bnVyc2UuYTpyaWdodA=="
    assert server.asked == []


@pytest.mark.parametrize(
    ("answer", "totp_secret", "words"),
    [
        (Answer(403), "", "nurse.a could not log in at .*: status 403"),
        (Answer(200, json={"other": "abc"}), "", "nurse.a could not log in at .*: wrong body"),
        (Answer(200, json={"token": "abc"}), "not base32!", "nurse.a could not log in: .* no base32 text"),
    ],
)
def test_who_could_not_log_in_is_named(answer: Answer, totp_secret: str, words: str) -> None:
    """With the reason."""
    with clinic(lambda _: answer) as server, pytest.raises(LogInError, match=words):
        _logged_in(server.base_url, GRANT, totp_secret)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (None, r't does not say how its accounts log in: add application = "FILE"'),
        (LogIn("json"), r"\[log_in\] has no request"),
        (LogIn("json", Request("POST", "/{tenant}/login")), r"nothing yields \{tenant\}"),
    ],
)
def test_a_way_that_users_do_not_know_is_refused_beforehand(how: LogIn | None, reason: str) -> None:
    """Before anything is sent; a load whose users need no log-in needs no description."""
    account = LoadAccount(username="n", role="physician", password="p", totp_secret="")  # noqa: S106  of nobody
    profile = load_profile("smoke").all_as("visitor")
    application = how and Application(name="clinic", log_in=how)
    fields = {"target": "t", "base_url": "http://127.0.0.1", "profile": profile, "seed": 1, "application": application}
    with pytest.raises(SpecError, match=reason):
        LoadSpec.model_validate(fields | {"accounts": [account]}).assignments()
    assert len(LoadSpec.model_validate(fields).assignments()) == profile.users


def test_the_way_comes_from_the_application_file(tmp_path: Path) -> None:
    """And crosses to the child process in the spec; one that cannot be read is named."""
    file = tmp_path / "clinic.toml"
    file.write_text('name = "clinic"\n[log_in]\nkind = "basic"\n')
    api = {"base_url": "http://127.0.0.1", "accounts": [NURSE.model_dump()]}
    target = TargetFile.model_validate({"name": "mine", "application": file, "api": api})
    whom = destination(target)
    assert whom.how_to_log_in() == LogIn("basic")
    assert Destination.model_validate_json(whom.model_dump_json()) == whom
    of_the_grant = whom.model_copy(update={"application": Application(name="clinic", log_in=GRANT)})
    assert Destination.model_validate_json(of_the_grant.model_dump_json()).how_to_log_in() == GRANT
    file.write_text('name = "clinic"\n[log_in]\nkind = "magic"\n')
    with pytest.raises(TargetError, match=r"clinic.toml:3: log_in.kind: "):
        destination(target)


def test_an_answer_asks_for_patience_and_gets_it() -> None:
    """Logging in is no part of what is measured."""

    def answers(_: Asked) -> Answer:
        later = Answer(429, headers=(("Retry-After", "0"),))
        return later if len(server.asked) == 1 else Answer(json={"token": "abc"})

    with clinic(answers) as server:
        assert _logged_in(server.base_url, GRANT).authorization == "Bearer abc"
    assert len(server.asked) == 2


def _users(
    base_url: str, how: LogIn, recorder: Recorder, count: int = 1, authority: HttpClient | None = None
) -> list[UserSession]:
    """Several users of one account, and their log-in."""
    account = LoadAccount(username="nurse.a", role="nurse", password=NURSE.password, totp_secret=TOTP_SECRET)
    acts = (Act("list", Request("GET", "/people"), ("nurse",), yields={"person": "/0"}),)
    application = Application(
        name="clinic",
        log_in=how,
        roles={"nurse": "nurse"},
        acts=acts,
        load=(LoadAct("patient.list", "list", holds="/0"),),
    )
    whom = Destination(target="t", base_url=base_url, accounts=(account,), application=application)
    host, port = whom.address()
    session = AccountSession(account, whom, authority)
    clients = [HttpClient(Endpoint(host, port, "", None), source="", timeout_s=5) for _ in range(count)]
    users = [UserSession("nurse", session, client, recorder, whom, turn=Semaphore(1)) for client in clients]
    for user in users:
        user.log_in(["patient.list"])
    return users


def _list_once(session: UserSession) -> None:
    session.perform(Arrival(0.0, "patient.list", 1, "", 0.5), 0.0, time.monotonic(), measured=True)
    session.close()


@pytest.mark.parametrize(
    ("how", "shown"),
    [
        (LogIn("json", JSON, code="totp"), ("authorization", "Bearer token-1")),
        (LogIn("bearer", whoami=Request("GET", "/me")), ("authorization", "Bearer right")),
        (LogIn("form", FORM, token=""), ("cookie", "session=s-1")),
    ],
)
def test_users_of_one_account_share_its_session(how: LogIn, shown: tuple[str, str]) -> None:
    """One log-in, of which a one-time code is good once; a token of the target's file and a cookie are shown alike."""
    factor, recorder = SecondFactor(), Recorder({})

    def answers(asked: Asked) -> Answer:
        if asked.path == "/token":
            return Answer(302, headers=(("Set-Cookie", "session=s-1; Path=/; HttpOnly"),))
        if asked.path == "/auth/login":
            return factor(asked)
        return Answer(json=["ann"]) if asked.headers.get(shown[0]) == shown[1] else Answer(401)

    with clinic(answers) as server:
        for session in _users(server.base_url, how, recorder, 3):
            _list_once(session)
        assert len([asked for asked in server.asked if asked.path != "/people"]) == 1
    [listed] = [kind for kind in recorder.latencies() if kind.kind == "patient.list"]
    assert (listed.total, dict(listed.errors)) == (3, {})


def test_a_header_that_is_not_taken_is_a_refused_log_in() -> None:
    """Where the description says whom to ask."""
    with clinic(lambda _: Answer(401)) as server:
        for how in (LogIn("basic", whoami=Request("GET", "/me")), LogIn("bearer", whoami=Request("GET", "/me"))):
            with pytest.raises(LogInError, match=r"nurse.a could not log in at .*: status 401"):
                _logged_in(server.base_url, how)


def test_one_may_log_in_elsewhere() -> None:
    """At the authorization server that the description names, and nothing but the log-in goes there."""
    with clinic(lambda _: Answer(json={"token": "abc"})) as authority, clinic(lambda _: Answer(json=["ann"])) as server:
        host, port = Destination(target="a", base_url=authority.base_url).address()
        door = HttpClient(Endpoint(host, port, "", None, "/realms"), source="", timeout_s=5)
        [session] = _users(server.base_url, GRANT, Recorder({}), authority=door)
        _list_once(session)
        assert authority.paths() == ["POST /realms/token"]
        assert server.paths() == ["GET /people"]  # the list that is looked at
        assert server.asked[0].headers["authorization"] == "Bearer abc"


def test_where_one_logs_in_is_held_to_the_same_addresses(tmp_path: Path) -> None:
    """A public one must be declared, by its literal address."""
    file = tmp_path / "clinic.toml"
    file.write_text(
        'name = "clinic"\n[log_in]\nkind = "form"\nbase_url = "https://1.1.1.1"\n'
        'request = { method = "POST", path = "/token", form = { u = "{username}", p = "{password}" } }\n'
    )
    api = {"base_url": "http://127.0.0.1", "accounts": [NURSE.model_dump()]}
    with pytest.raises(TargetError, match=r"\[log_in\] base_url leads to 1.1.1.1, a public address.*\[api\]"):
        destination(TargetFile.model_validate({"name": "mine", "application": file, "api": api}))
    declared = api | {"addresses": ["1.1.1.1/32", "127.0.0.0/8"]}
    whom = destination(TargetFile.model_validate({"name": "mine", "application": file, "api": declared}))
    assert (whom.authority_url, whom.authority_name) == ("https://1.1.1.1:443", "")
