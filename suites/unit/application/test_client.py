"""The one client of an application logs people in as the description says, and never raises for a status."""

from __future__ import annotations

import time

import pytest

from checks.application import Application, LogIn, Request
from checks.application.codes import STEP_S, one_time_code
from checks.model import CannotLookError, Reason
from fixtures.application.client import ApplicationClient
from fixtures.application.connections import HttpEndpoint
from fixtures.application.people import Person, person_of
from suites.unit.application.clinic import NURSE, TOTP_SECRET, Answer, Asked, Clinic, SecondFactor, clinic

PAGE = Request("GET", "/patients?name=Meier")
REQUEST = Request("POST", "/auth/login", json={"username": "{username}", "password": "{password}", "totp": "{code}"})
LOG_IN = LogIn("json", REQUEST, expires_in="/expires_in", code="totp")
FORM = Request("POST", "/login", form={"username": "{username}", "password": "{password}"})


def _client(server: Clinic, log_in: LogIn | None = LOG_IN) -> ApplicationClient:
    return ApplicationClient(Application(name="clinic", log_in=log_in), HttpEndpoint(server.base_url))


def _nurse(totp_secret: str = TOTP_SECRET) -> Person:
    return person_of(NURSE.model_copy(update={"totp_secret": totp_secret}))


def test_a_person_logs_in_once() -> None:
    """The token is used again; the secrets go to the log-in and nowhere else."""
    with clinic(SecondFactor()) as server:
        client, nurse = _client(server), _nurse()
        assert [client.send(PAGE, nurse).status for _ in range(3)] == [200] * 3
    assert server.paths() == ["POST /auth/login", *["GET /patients?name=Meier"] * 3]
    assert {asked.headers["authorization"] for asked in server.asked[1:]} == {"Bearer token-1"}
    assert not any(b"right" in asked.body for asked in server.asked[1:])


def test_nobody_is_not_logged_in() -> None:
    """A request without a person carries no session, and its answer is whatever it is."""
    with clinic(SecondFactor()) as server:
        assert _client(server).send(PAGE).status == 401
    assert "authorization" not in server.asked[0].headers


def test_a_code_that_somebody_else_used_is_not_the_end() -> None:
    """The next one is tried; a wrong password is the end at once when it was meant."""
    present = one_time_code(TOTP_SECRET, time.time() - STEP_S)
    with clinic(SecondFactor(frozenset({present}))) as server:
        client, nurse = _client(server), _nurse()
        assert client.send(PAGE, nurse).status == 200
        tried = [asked.table()["totp"] for asked in server.asked[:-1]]
        assert len(tried) == len(set(tried)) > 1
        reply, session = client.log_in(nurse, password="wrong")  # noqa: S106  it is
        assert (reply.status, session) == (401, {})
        assert len(server.asked) == len(tried) + 2


def test_a_factor_can_be_left_out() -> None:
    """Then its field is not sent; the answer tells, and nothing is raised."""
    with clinic(SecondFactor()) as server:
        reply, session = _client(server).log_in(_nurse(), code="")
    assert (reply.status, session) == (401, {})
    assert server.asked[0].table() == {"username": "nurse.a", "password": "right"}


def test_who_cannot_log_in_is_named() -> None:
    """With the status, when a session is needed."""
    with (
        clinic(lambda _: Answer(503)) as server,
        pytest.raises(CannotLookError, match=r"nurse\.a cannot log in: .* 503$"),
    ):
        _client(server).send(PAGE, _nurse())


def test_a_secret_that_makes_no_code_is_named() -> None:
    """By whose it is; one of 80 bits, which many applications give out, is good enough for a log-in."""
    with (
        clinic(SecondFactor()) as server,
        pytest.raises(CannotLookError, match=r"nurse\.a cannot .* is no base32 text$"),
    ):
        _client(server).send(PAGE, _nurse("not base32!"))
    assert server.asked == []


def test_a_session_is_renewed_before_it_ends() -> None:
    """One that ends within the margin is never used again; a fresh one leaves the person's own as it was."""
    with clinic(SecondFactor(lifetime_s=30)) as server:
        client, nurse = _client(server), _nurse()
        assert [client.send(PAGE, nurse).status for _ in range(2)] == [200, 200]
        assert server.paths().count("POST /auth/login") == 2
    with clinic(SecondFactor()) as server:
        client, nurse = _client(server), _nurse()
        own = client.session(nurse)
        until = nurse.until
        assert client.fresh_session(nurse) != own
        assert (client.session(nurse), nurse.until) == (own, until)


def test_a_form_is_answered_with_cookies() -> None:
    """By a redirect that is not followed; every cookie counts, also beside one that names a day."""
    cookies = ("sid=abc; Path=/; Expires=Wed, 21 Oct 2099 07:28:00 GMT", "csrf=x-y; HttpOnly")
    headers = (("Location", "/home"), *(("Set-Cookie", cookie) for cookie in cookies))

    def answers(asked: Asked) -> Answer:
        return Answer(303, headers=headers) if asked.path == "/login" else Answer()

    with clinic(answers) as server:
        client = _client(server, LogIn("form", FORM, token=""))
        assert client.send(PAGE, _nurse()).status == 200
    assert (server.asked[0].body, server.asked[0].headers["content-type"]) == (
        b"username=nurse.a&password=right",
        "application/x-www-form-urlencoded",
    )
    assert server.paths() == ["POST /login", f"GET {PAGE.path}"]
    assert server.asked[1].headers["cookie"] == "sid=abc; csrf=x-y"


def test_a_refused_form_makes_no_session() -> None:
    """Though it sets a cookie."""
    with clinic(lambda _: Answer(403, headers=(("Set-Cookie", "sid=anonymous"),))) as server:
        reply, session = _client(server, LogIn("form", FORM, token="")).log_in(_nurse())
    assert (reply.status, session) == (403, {})


@pytest.mark.parametrize(("password", "granted"), [(None, True), ("wrong", False)])
def test_with_basic_credentials_who_one_is_decides(password: str | None, *, granted: bool) -> None:
    """Nothing is sent to log in; the credentials go with every request."""

    def answers(asked: Asked) -> Answer:
        return Answer(200 if asked.headers["authorization"] == "Basic bnVyc2UuYTpyaWdodA==" else 401)

    with clinic(answers) as server:
        client = _client(server, LogIn("basic", whoami=Request("GET", "/me")))
        reply, session = client.log_in(_nurse(), password=password)
        assert ((reply.status == 200), bool(session)) == (granted, granted)
        assert client.send(PAGE, _nurse()).status == 200
    assert set(server.paths()) == {"GET /me", f"GET {PAGE.path}"}


def test_a_bearer_shows_the_token_that_it_was_given() -> None:
    """And has nothing else."""
    with clinic(lambda _: Answer()) as server:
        client, nurse = _client(server, LogIn("bearer")), _nurse()
        nurse.token = "given"  # noqa: S105  of nobody
        client.send(PAGE, nurse)
    assert server.paths() == [f"GET {PAGE.path}"]
    assert server.asked[0].headers["authorization"] == "Bearer given"


def test_an_authorization_server_of_its_own_is_asked() -> None:
    """The secrets go there, the token comes here."""
    grant = Request("POST", "/token", form={"username": "{username}", "password": "{password}"})
    with clinic(lambda _: Answer(json={"access_token": "t"})) as authority, clinic(lambda _: Answer()) as server:
        log_in = LogIn("password-grant", grant, base_url=authority.base_url)
        assert _client(server, log_in).send(PAGE, _nurse()).status == 200
    assert (authority.paths(), server.paths()) == (["POST /token"], [f"GET {PAGE.path}"])
    assert server.asked[0].headers["authorization"] == "Bearer t"


@pytest.mark.parametrize("status", [204, 302, 404, 500])
def test_a_status_is_an_answer(status: int) -> None:
    """Never an error of the client's, and a redirect is not followed."""
    with clinic(lambda _: Answer(status, headers=(("Location", "/elsewhere"),))) as server:
        assert _client(server).send(PAGE).status == status
    assert len(server.asked) == 1


def test_a_limit_that_asks_for_little_patience_is_waited_out() -> None:
    """One that asks for more is the answer."""
    with clinic(lambda _: Answer(429 if len(server.asked) == 1 else 200, headers=(("Retry-After", "1"),))) as server:
        assert _client(server).send(PAGE).status == 200
    with clinic(lambda _: Answer(429, headers=(("Retry-After", "3600"),))) as server:
        assert _client(server).send(PAGE).status == 429
    assert len(server.asked) == 1


def test_without_a_log_in_nobody_can_be_somebody() -> None:
    """The section that is missing is named; what needs no session goes on."""
    with clinic(lambda _: Answer()) as server:
        client = _client(server, None)
        assert client.send(PAGE).status == 200
        with pytest.raises(CannotLookError, match=r"no \[log_in\] section") as missing:
            client.send(PAGE, _nurse())
    assert missing.value.reason is Reason.NOT_DECLARED


def test_a_server_that_is_gone_is_named_without_the_query() -> None:
    """Which may hold a patient's name."""
    with clinic(lambda _: Answer()) as server:
        pass
    with pytest.raises(CannotLookError, match=r"no answer from http://127\.0\.0\.1:\d+ to GET /patients: \w+$"):
        _client(server).send(PAGE)
