"""``clinical-gate target check`` foretells loads as a gate sends them: by no more users than the policy promises."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli_w
from click.testing import CliRunner

from cli import main
from fixtures.stack.certificates import CertificateAuthority
from suites.unit.dry_run.described import ACCOUNTS, FILE

POLICY = """
name = "clinic"
system = "one clinic"
required_controls = []
[performance]
users = {users}
"""


@pytest.mark.parametrize(
    ("users", "said"),
    [(3, "performance: accelerators_within_limits, error_budget_kept"), (50, "profile smoke needs 28 accounts")],
)
def test_a_few_accounts_are_enough_for_whom_the_promise_is_made(users: int, said: str, tmp_path: Path) -> None:
    """The profile has a hundred users, and there are two accounts of each role."""
    ca, policy, file = CertificateAuthority(tmp_path / "ca"), tmp_path / "policy.toml", tmp_path / "mine.toml"
    policy.write_text(POLICY.format(users=users))
    api = {"base_url": "https://127.0.0.1:1", "accounts": ACCOUNTS, "load_accounts": ACCOUNTS}
    target = {"name": "mine", "environment": "test", "application": str(FILE), "trust": {"ca": str(ca.certificate)}}
    file.write_text(tomli_w.dumps({**target, "api": api}))
    file.chmod(0o600)
    done = CliRunner().invoke(main, ["target", "check", str(file), "--policy", str(policy), "--load-profile", "smoke"])
    assert " ".join(said.split()) in " ".join(done.output.split()), done.output
