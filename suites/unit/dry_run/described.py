"""The reference application, described as anybody's, on a deployment that nothing answers for."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import tomli_w

from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import TargetFile
from fixtures.reference.description import reference_application
from fixtures.stack.certificates import CertificateAuthority
from suites.unit.world.test_openers import SECTIONS

FILE = Path(__file__).resolve().parents[3] / "fixtures/reference/application.toml"
ROLES = tuple(reference_application().roles)
ACCOUNTS = [
    {"username": f"{role}.{tenant}", "role": role, "tenant": tenant, "password": "p", "totp_secret": ""}
    for role in ROLES
    for tenant in "ab"
]
SETTINGS = """
[privacy]
epsilon = 1.0
delta = 1e-6
budget = 10.0
noise_multiplier = 4.0
minimum_participants = 3
"""


def described() -> dict[str, Any]:
    """The table of the reference application's file."""
    return tomllib.loads(FILE.read_text())


@contextmanager
def deployment(directory: Path, application: Mapping[str, Any], **sections: object) -> Iterator[Deployment]:
    """A deployment with every section, of which nothing listens anywhere, and this application file."""
    authority, settings = CertificateAuthority(directory / "ca"), directory / "settings.toml"
    (directory / "application.toml").write_text(tomli_w.dumps(application))
    settings.write_text(SETTINGS)
    target = {
        "name": "mine",
        "environment": "test",
        "application": directory / "application.toml",
        "trust": {"ca": authority.certificate},
        **SECTIONS,
        "api": {"base_url": "https://127.0.0.1:1", "accounts": ACCOUNTS},
        "privacy": {"configurations": [settings]},
        **sections,
    }
    parts = {name: part for name, part in target.items() if part is not None}
    with closing(Deployment(TargetFile.model_validate(parts))) as opened:
        yield opened
