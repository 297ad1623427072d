"""A person's one-time codes: each is sent once, and the text of a person holds no secret."""

from __future__ import annotations

import time

from checks.application.codes import one_time_code
from fixtures.application.people import person_of
from fixtures.wait import wait_for
from suites.unit.application.clinic import NURSE, TOTP_SECRET

ENTRY = NURSE.model_copy(update={"totp_secret": TOTP_SECRET})


def _early_in_a_step() -> None:
    """Codes are compared with those of this moment, so the step must not end in between."""
    wait_for(lambda: time.time() % 30 < 25, what="a step of 30 s begins", timeout_s=10)


def test_every_valid_code_is_used_before_one_is_waited_for() -> None:
    """From the step before on, which servers still take: RFC 6238 section 5.2."""
    _early_in_a_step()
    person, now = person_of(ENTRY), time.time()
    codes = [person.code()]
    assert person.code() == codes[0]  # one that was not sent is still good
    for _ in range(2):
        person.used(codes[-1])
        codes.append(person.code())
    assert codes == [one_time_code(TOTP_SECRET, now + offset) for offset in (-30, 0, 30)]


def test_a_code_that_somebody_else_used_is_skipped() -> None:
    """The next one follows; to have used an earlier one again changes nothing."""
    _early_in_a_step()
    person, now = person_of(ENTRY), time.time()
    first = person.code()
    person.skip_code()
    assert person.code() == one_time_code(TOTP_SECRET, now)
    person.used(first)
    assert person.code() == one_time_code(TOTP_SECRET, now)


def test_codes_are_those_of_the_standard() -> None:
    """RFC 6238 appendix B, its last six digits; white space in a secret is for people."""
    secret = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"  # noqa: S105  the standard's own
    at = (59, 1_111_111_109, 1_234_567_890, 20_000_000_000)
    assert [one_time_code(secret, moment) for moment in at] == ["287082", "081804", "005924", "353130"]


def test_without_a_second_factor_there_is_no_code() -> None:
    """Nor anything to wait for."""
    assert person_of(NURSE).code() == ""


def test_a_person_shows_no_secret() -> None:
    """Neither password, nor seed, nor session."""
    person = person_of(ENTRY, "10.0.0.1")
    person.headers, person.token = {"Authorization": "Bearer t0ken"}, "t0ken"
    assert not any(secret in repr(person) for secret in ("right", TOTP_SECRET, "t0ken"))
    assert (person.account.username, person.account.role, person.source) == ("nurse.a", "nurse", "10.0.0.1")
