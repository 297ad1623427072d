"""One-time codes of a second factor by time (TOTP, RFC 6238), as the described application expects them. Pure."""

from __future__ import annotations

import pyotp

STEP_S = 30  # RFC 6238 section 4.1


class _Totp(pyotp.TOTP):
    """Takes secrets of any length: whether 80 bits, which many applications give out, are enough is a finding's to
    say, and nothing to fail a log-in for.
    """

    min_secret_length_bits = 0


def one_time_code(secret: str, at_s: float) -> str:
    """The code of a moment.

    Args:
        secret: base32, as applications show it to their users.
        at_s: seconds since 1970.

    Raises:
        ValueError: the secret is no base32.
    """
    try:
        return _Totp(secret.replace(" ", "")).at(at_s)
    except ValueError as problem:
        msg = "its second factor's secret is no base32 text"
        raise ValueError(msg) from problem
