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


def _checked(tmp_path: Path, users: int) -> str:
    """What is said of a file that has an API, and nothing else."""
    ca, policy, file = CertificateAuthority(tmp_path / "ca"), tmp_path / "policy.toml", tmp_path / "mine.toml"
    policy.write_text(POLICY.format(users=users))
    api = {"base_url": "https://127.0.0.1:1", "accounts": ACCOUNTS, "load_accounts": ACCOUNTS}
    target = {"name": "mine", "environment": "test", "application": str(FILE), "trust": {"ca": str(ca.certificate)}}
    file.write_text(tomli_w.dumps({**target, "api": api}))
    file.chmod(0o600)
    words = ["target", "check", str(file), "--policy", str(policy), "--load-profile", "smoke"]
    return " ".join(CliRunner().invoke(main, words).output.split())


@pytest.mark.parametrize(
    ("users", "said"),
    [(3, "performance: accelerators_within_limits, error_budget_kept"), (50, "profile smoke needs 28 accounts")],
)
def test_a_few_accounts_are_enough_for_whom_the_promise_is_made(users: int, said: str, tmp_path: Path) -> None:
    """The profile has a hundred users, and there are two accounts of each role."""
    assert said in _checked(tmp_path, users)


def test_what_only_drills_judge_is_listed_for_itself(tmp_path: Path) -> None:
    """For a night it must be declared, or exempted."""
    told = _checked(tmp_path, 3)
    gate, found, drilled = told.partition("2 of 2 checks that only drills make")
    assert found, told
    assert "backup/damaged_backup_refused, backup/recovers_to_just_before_a_loss" in drilled
    assert "damaged_backup_refused" not in gate
