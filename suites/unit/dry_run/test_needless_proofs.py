"""What a deployment lacks, by its own word and the policy's, is not proven able to fail: nothing comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.model import Status
from reports.document import ReportDocument
from reports.keys import PUBLIC, load_public
from reports.verify import verify
from suites.unit.own_code.gated import gated

LACKING, OTHER = "data/cache_refuses_plaintext_and_anonymous", "hosts/private_keys_not_readable"
APPLICATION = """
name = "clinic"
[none]
cache = "every request is looked up anew"
"""
TARGET = """
name = "clinic"
environment = "test"
application = "application.toml"
"""
POLICY = """
name = "clinic"
system = "one clinic"
required_controls = []
"""


def _report(folder: Path, policy: str) -> ReportDocument:
    for name, text in (("application", APPLICATION), ("target", TARGET), ("policy", policy)):
        (folder / f"{name}.toml").write_text(text)
    files = (f"--target={folder}/target.toml", f"--policy={folder}/policy.toml", f"--report-dir={folder}")
    done = gated(*files, "-k", "cache_refuses_plaintext or private_keys_not_readable")
    assert done.returncode == 1, done.stdout + done.stderr
    return verify(folder / "gate" / "latest", load_public(folder / "keys" / PUBLIC)).document


@pytest.mark.parametrize(("may_lack", "proven"), [("[]", {LACKING, OTHER}), ('["cache"]', {OTHER})])
def test_only_what_both_say_is_lacking_goes_unproven(tmp_path: Path, may_lack: str, proven: set[str]) -> None:
    """Every other check is proven, whether it can answer or not."""
    report = _report(tmp_path, f"{POLICY}may_lack = {may_lack}\n")
    assert {proof.check for proof in report.selfproof} == proven
    assert all(proof.proven for proof in report.selfproof)
    lacking = next(check for check in report.checks if check.id == LACKING)
    assert lacking.status is (Status.UNKNOWN if LACKING in proven else Status.NOT_APPLICABLE)
    assert "every request is looked up anew" in lacking.explanation
