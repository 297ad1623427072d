"""From an example's README alone: its commands lead a stranger to a first verdict, which is what was foretold."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from checks.model import Reason, Status
from fixtures import REPOSITORY
from reports.keys import PUBLIC, load_public
from reports.records import Verdict
from reports.verify import verify

pytestmark = pytest.mark.example
_README = REPOSITORY / "examples" / "orthanc" / "README.md"
_ANSWERED = re.compile(r"^(\d+) of \d+ checks can answer", re.MULTILINE)


def _commands() -> list[str]:
    """Those of the block below ``As if it were yours``, a line each."""
    block = _README.read_text().partition("## As if it were yours")[2].split("```\n")[1]
    return [line.partition("  #")[0].strip() for line in block.replace("\\\n", "").splitlines()]


def test_a_stranger_comes_to_a_first_verdict(tmp_path: Path) -> None:
    """In fewer than ten commands, of which the first two only install; the self-proof is left out of the gate."""
    commands = _commands()
    assert len(commands) < 10
    assert commands[:2] == ["./run setup orthanc", ". .venv/bin/activate"]
    *asking, gate, down = (command.replace("build/mine", f"{tmp_path}/mine") for command in commands[2:])
    assert (gate.split()[0], down) == ("pytest", "clinical-gate example down orthanc")
    rejected = f"{gate} suites/gate --report-dir={tmp_path} || [ $? -eq 1 ]"
    script = "\n".join(["set -e", asking[0], f"trap '{down}' EXIT", *asking[1:], rejected])
    done = subprocess.run(["bash", "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = verify(tmp_path / "gate" / "latest", load_public(tmp_path / "keys" / PUBLIC)).document
    assert report.decision is Verdict.REJECTED
    foretold = _ANSWERED.search(done.stdout)
    assert foretold, done.stdout
    answered = [c for c in report.checks if c.status is Status.FAIL or c.reason is Reason.NOT_PROVEN]
    assert len(answered) == int(foretold[1]) > 10
