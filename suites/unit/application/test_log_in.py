"""The log-in record forms the request and reads the answer; it sends nothing."""

from __future__ import annotations

import pytest

from checks.application import LogIn, Request
from checks.application.answers import value_at, values_at
from checks.application.log_in import basic_credentials
from checks.model import CannotLookError, Reason
from fixtures.reference.description import reference_application

JSON = LogIn(
    "json",
    Request("POST", "/in", json={"user": "{username}", "pass": "{password}", "otp": "{code}"}),
    token="/session/token",  # noqa: S106  where it stands
    expires_in="/session/seconds",
    code="otp",
)


def test_the_request_holds_who_asks() -> None:
    """Whatever the secrets hold; the code's field is left out where there is no code, rather than sent empty."""
    asked = JSON.asked("nurse.a", '{"quotes"} & signs', "123456")
    assert asked.encoded == (
        b'{"user": "nurse.a", "pass": "{\\"quotes\\"} & signs", "otp": "123456"}',
        "application/json",
    )
    assert JSON.asked("nurse.a", "p").json == {"user": "nurse.a", "pass": "p"}


def test_a_form_is_sent_as_a_form() -> None:
    """Percent-encoded, and without the code's field likewise."""
    form = {"username": "{username}", "password": "{password}", "code": "{code}", "grant_type": "password"}
    how = LogIn("password-grant", Request("POST", "/token", form=form), code="code")
    assert how.asked("n@a", "a b&c").encoded == (
        b"username=n%40a&password=a+b%26c&grant_type=password",
        "application/x-www-form-urlencoded",
    )


@pytest.mark.parametrize(
    ("body", "token", "seconds"),
    [
        (b'{"session": {"token": "abc", "seconds": 1800}}', "abc", 1800),
        (b'{"session": {"token": "abc", "seconds": "299.5"}}', "abc", 299),
        (b'{"session": {"token": "abc", "seconds": true}}', "abc", None),
        (b'{"session": {"token": null, "seconds": "soon"}}', "", None),
        (b'{"session": []}', "", None),
        (b'"session"', "", None),
        (b"<html>", "", None),
        (b"", "", None),
    ],
)
def test_token_and_lifetime_are_read_where_they_stand(body: bytes, token: str, seconds: int | None) -> None:
    """An answer that has no such place has neither."""
    assert (JSON.token_in(body), JSON.lifetime_in(body)) == (token, seconds)


def test_what_is_not_described_is_not_read() -> None:
    """A cookie is the session, and its lifetime is not told."""
    cookie = LogIn("form", token="")
    assert (cookie.token_in(b'{"access_token": "abc"}'), cookie.lifetime_in(b'{"expires_in": 9}')) == ("", None)


def test_a_log_in_without_request_says_which_line_is_missing() -> None:
    """Typed, so that a check is UNKNOWN for want of a declaration."""
    with pytest.raises(CannotLookError, match=r"\[log_in\] has no request") as missing:
        LogIn("json").asked("u", "p")
    assert missing.value.reason is Reason.NOT_DECLARED


def test_the_reference_stack_is_described_like_anybody() -> None:
    """Its own log-in comes out of its application file."""
    how = reference_application().log_in
    assert how is not None
    assert str(how.asked("u", "p")) == "POST /auth/login"
    assert how.asked("u", "p", "1").json == {"username": "u", "password": "p", "totp": "1"}


def test_basic_credentials_are_those_of_the_standard() -> None:
    """RFC 7617 section 2, with its example, and section 2.1: in UTF-8."""
    assert basic_credentials("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic_credentials("test", "123£") == "Basic dGVzdDoxMjPCow=="


def test_a_pointer_through_a_list_stands_for_every_element() -> None:
    """Its other elements can be named by number; a text or a number is a value, and nothing else."""
    body = b'{"entry": [{"id": "7"}, {"id": 9}, {"id": null}, {"id": {}}, 5]}'
    assert values_at(body, "/entry/0/id") == {"7", "9"}
    assert values_at(body, "/entry/1/id") == {"9"}
    assert values_at(body, "/entry/8/id") == frozenset()
    assert (value_at(body, "/entry/1/id"), value_at(body, "/nowhere")) == ("9", "")
    assert values_at(b'{"a/b": 1.5}', "/a~1b") == {"1.5"}
