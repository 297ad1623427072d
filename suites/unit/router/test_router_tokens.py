"""Access tokens: ours are accepted, and each flaw is refused for its own reason."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from checks.model import CannotLookError
from fixtures.reference.router import settings
from fixtures.reference.router.accounts.tokens import TokenError, Tokens, read_key
from fixtures.targets.api.forgery import claims_of, forge

pytestmark = pytest.mark.unit
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ALL = ("signature", "audience", "expiry")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The signing key as PEM."""
    path = tmp_path / "tokens.key"
    path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def _tokens(*, lifetime_s: int = 1800, verify: Collection[str] = ALL, key_id: str = "one") -> Tokens:
    chosen = settings.TokenSettings.model_validate({"signing_key": "unused", "key_id": key_id, "verify": list(verify)})
    return Tokens(KEY, chosen, lifetime_s)


def _issue(tokens: Tokens) -> str:
    return tokens.issue(username="nurse.a", role="nurse", tenant="hospital-a", session="s1")


def test_an_issued_token_says_who_and_for_how_long() -> None:
    """All claims that verification needs, and the key's id."""
    token = _issue(_tokens())
    claims = _tokens().verify(token)
    assert (claims.username, claims.role, claims.tenant, claims.session) == ("nurse.a", "nurse", "hospital-a", "s1")
    plain = claims_of(token)
    assert int(str(plain["exp"])) - int(str(plain["iat"])) == 1800
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "kid": "one", "typ": "JWT"}


@pytest.mark.parametrize(
    ("flaw", "reason"),
    [
        ("alg-none", "the token's algorithm is not accepted"),
        ("wrong-key", "the token's signature is wrong"),
        ("wrong-audience", "the token is for another audience"),
        ("expired", "the token has expired"),
    ],
)
def test_a_flaw_is_refused_for_its_own_reason(flaw: str, reason: str, key_file: Path) -> None:
    """Nothing else is wrong with the token, or the reason would be another."""
    tokens = _tokens()
    forged = forge(_issue(tokens), flaw, key_file)
    with pytest.raises(TokenError, match=rf"^{reason}$"):
        tokens.verify(forged)


@pytest.mark.parametrize(
    ("flaw", "left_out"),
    [("alg-none", "signature"), ("wrong-key", "signature"), ("wrong-audience", "audience"), ("expired", "expiry")],
)
def test_what_is_not_verified_is_accepted(flaw: str, left_out: str, key_file: Path) -> None:
    """The refusals above come from the very check that is named: without it the forgery gets in."""
    tokens = _tokens(verify=set(ALL) - {left_out})
    assert tokens.verify(forge(_issue(tokens), flaw, key_file)).username == "nurse.a"


def test_a_remembered_token_still_expires() -> None:
    """What was verified once is not verified again, but its end is looked at every time."""
    tokens = _tokens(lifetime_s=0)
    with pytest.raises(TokenError, match=r"^the token has expired$"):
        tokens.verify(_issue(tokens))
    lenient = _tokens(lifetime_s=0, verify=("signature", "audience"))
    token = _issue(lenient)
    assert lenient.verify(token) == lenient.verify(token)


def test_other_key_ids_and_noise_are_refused() -> None:
    """An id that is not ours, something that is no token, and a token without a session."""
    with pytest.raises(TokenError, match=r"^the token is signed with an unknown key$"):
        _tokens().verify(_issue(_tokens(key_id="two")))
    with pytest.raises(TokenError, match=r"^the token is malformed$"):
        _tokens().verify("not.a.token")
    claims = {k: v for k, v in claims_of(_issue(_tokens())).items() if k != "sid"}
    bare = jwt.encode(claims, KEY, algorithm="EdDSA", headers={"kid": "one"})
    with pytest.raises(TokenError, match=r"^the token lacks sid$"):
        _tokens().verify(bare)


def test_the_key_file_must_hold_an_ed25519_key(key_file: Path, tmp_path: Path) -> None:
    """The right file is read; another kind of key is named."""
    assert read_key(key_file).public_key() == KEY.public_key()
    other = tmp_path / "other.key"
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415  only here

    curve = ec.generate_private_key(ec.SECP256R1())
    other.write_bytes(curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ValueError, match=r"holds no Ed25519 key$"):
        read_key(other)


def test_a_forgery_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    """Without the signing key, with a flaw that nobody knows, and from something that is no token."""
    token = _issue(_tokens())
    with pytest.raises(CannotLookError, match=r"needs the application's signing key, which was not given$"):
        forge(token, "expired", None)
    with pytest.raises(CannotLookError, match=r"^no way to forge a token with the flaw blue"):
        forge(token, "blue", tmp_path)
