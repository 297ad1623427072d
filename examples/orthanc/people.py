"""Who works with the archive: five roles in each of two institutions, and what nginx knows of their passwords."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from examples.common.program import Premises
from fixtures.services import ServiceError

INSTITUTIONS = ("riverside", "st-jude")
ROLES = ("radiologist", "technologist", "modality", "administrator", "quality")
LOAD_USERS = {"radiologist": 8, "technologist": 4}


@dataclass(frozen=True)
class ArchiveUser:
    """Somebody with a password."""

    name: str
    role: str
    institution: str


def users() -> tuple[ArchiveUser, ...]:
    """One for each role in each institution."""
    return tuple(ArchiveUser(f"{place}-{role}", role, place) for place in INSTITUTIONS for role in ROLES)


def load_users() -> tuple[ArchiveUser, ...]:
    """Those whom a load acts as."""
    return tuple(
        ArchiveUser(f"{place}-{number}-{role}", role, place)
        for role, count in LOAD_USERS.items()
        for number in range(count // len(INSTITUTIONS))
        for place in INSTITUTIONS
    )


def password(premises: Premises, name: str) -> str:
    """The password of a user."""
    return premises.vault[f"user.{name}"]


def password_file(premises: Premises) -> str:
    """The lines that nginx reads (``auth_basic_user_file``): SHA-512 crypt, salted by OpenSSL.

    Raises:
        ServiceError: OpenSSL could not.
    """
    secrets: Mapping[str, str] = {user.name: password(premises, user.name) for user in (*users(), *load_users())}
    argv = ["openssl", "passwd", "-6", "-stdin"]
    done = premises.host("edge").run(argv, stdin="".join(f"{secret}\n" for secret in secrets.values()))
    if done.status != 0:
        msg = f"openssl passwd: {done.stderr.strip()}"
        raise ServiceError(msg)
    return "".join(f"{name}:{digest}\n" for name, digest in zip(secrets, done.stdout.split(), strict=True))
