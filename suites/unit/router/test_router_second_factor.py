"""One-time codes: the present one and its neighbours, each once; and argon2id at OWASP's minimum."""

from __future__ import annotations

import asyncio

import pyotp
import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from fixtures.reference.router.accounts.passwords import HASHER, Passwords, step_of

pytestmark = pytest.mark.unit
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # noqa: S105  RFC 6238's own test value
NOW = 1_700_000_010.0
STEP = int(NOW) // 30


@pytest.mark.parametrize("away", [-1, 0, 1])
def test_a_code_within_one_step_counts(away: int) -> None:
    """Clocks may differ by a step (RFC 6238 section 5.2)."""
    code = pyotp.TOTP(SECRET).at((STEP + away) * 30)
    assert step_of(SECRET, code, NOW, after=0) == STEP + away


@pytest.mark.parametrize("away", [-2, 2])
def test_a_code_further_away_does_not(away: int) -> None:
    """Nor one from two steps away, before or after."""
    code = pyotp.TOTP(SECRET).at((STEP + away) * 30)
    assert step_of(SECRET, code, NOW, after=0) is None


@pytest.mark.parametrize("code", ["", "000000", "12345", "1234567", "abcdef", "١٢٣٤٥٦"])
def test_what_is_no_code_is_refused(code: str) -> None:
    """Neither empty, nor short, nor text, nor digits of another script."""
    assert step_of(SECRET, code, NOW, after=0) is None


def test_a_used_code_does_not_count_again() -> None:
    """Nor does an earlier one after a later; the next one does."""
    codes = [pyotp.TOTP(SECRET).at((STEP + away) * 30) for away in (-1, 0, 1)]
    assert [step_of(SECRET, code, NOW, after=STEP) for code in codes] == [None, None, STEP + 1]


def test_passwords_are_hashed_by_argon2id_at_the_minimum_or_above() -> None:
    """OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane."""
    parameters = extract_parameters(HASHER.hash("correct horse"))
    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 19 * 1024
    assert parameters.time_cost >= 2


def test_only_the_right_password_of_an_account_is_right() -> None:
    """A wrong one, none at all and a hash that is no hash are refused alike."""

    async def verdicts() -> list[bool]:
        passwords = Passwords()
        try:
            stored = await passwords.hash("correct horse")
            asked = [(stored, "correct horse"), (stored, "wrong"), (None, "correct horse"), ("no hash", "x")]
            return [await passwords.verify(*pair) for pair in asked]
        finally:
            passwords.close()

    assert asyncio.run(verdicts()) == [True, False, False, False]
