"""A run that is killed before it says anything is seen afterwards: in the history, and in the reports that follow."""

from __future__ import annotations

import base64
import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import main
from fixtures import REPOSITORY
from fixtures.stack.runs import register_directory
from reports import history
from reports.history import RunStarted
from reports.keys import load_public
from reports.run_log import PlannedRun
from reports.verify import read_envelope, verify
from reports.writer import PublishError, begin, publish
from suites.unit.own_code.gated import forget_register
from suites.unit.reports.report_samples import document

# The first thing that is proven kills the gate, as an operator may who sees red. Its check would pass.
KILLS = '''"""Something holds (SEC-1)."""
import os
import signal
from pathlib import Path

from checks.lab import Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Edge

def _broken(lab: Lab) -> Edge:
    """Keeps what the history says at this moment."""
    Path("SEEN").write_bytes(Path("HISTORY").read_bytes())
    os.kill(os.getpid(), signal.SIGNAL)

@check(gate=Gate.SECURITY, severity=Severity.HIGH, controls=("hipaa:164.312(b)",), violations=(_broken,))
def mine(edge: Edge):
    yield Finding("edge", ok=True, message="seen")
'''
NAME = document().identity.name


def _planned(run_id: str, name: str = NAME) -> PlannedRun:
    return PlannedRun(run_id, "gate", name, document().identity.policy_digest)


def _say(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


@contextlib.contextmanager
def _gated(tmp_path: Path, sent: str) -> Iterator[subprocess.CompletedProcess[str]]:
    """A whole run of the gate, in a process of its own, over a target that has nothing but a name."""
    rules, target = tmp_path / "rules", tmp_path / "target.toml"
    rules.mkdir()
    content = KILLS.replace("SIGNAL", sent).replace("SEEN", str(tmp_path / "seen"))
    (rules / "mine.py").write_text(content.replace("HISTORY", str(tmp_path / "gate" / history.HISTORY)))
    target.write_text(f'name = "{NAME}"\n')
    argv = [
        sys.executable,
        "-m",
        "pytest",
        "suites/gate",
        "suites/selfproof",
        "-m",
        "gate",
        "--any-harness",
        "-k",
        "mine",
    ]
    options = [f"--checks={rules}", f"--target={target}", f"--report-dir={tmp_path}", "-p", "no:cacheprovider"]
    command = ["env", "--default-signal=INT", *argv, *options]
    try:
        yield subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    finally:
        forget_register(tmp_path)


@pytest.mark.parametrize("sent", ["SIGKILL", "SIGINT"])
def test_a_killed_gate_is_seen_afterwards(sent: str, tmp_path: Path) -> None:
    """By SIGKILL and by Ctrl-C, between its first proof and its report."""
    root = tmp_path / "gate"
    with _gated(tmp_path, sent) as done:
        public = tmp_path / "keys/gate.pub"
        assert done.returncode == (-signal.SIGKILL if sent == "SIGKILL" else 2), done.stdout + done.stderr
        entries = history.decode((tmp_path / "seen").read_bytes(), tmp_path)
        assert [type(entry) for entry in entries] == [RunStarted], "it was entered before anything was proven"
        history.check_signatures(entries, load_public(public), tmp_path)
        listed = _say("history", root, "--key", public)
        assert (listed.exit_code, "ABORTED" in listed.output) == (0, True)
        assert not (root / "latest").exists()

        shown = publish(root, "run-2", document("run-2"), registers=register_directory())
        assert f"An aborted run stands before it ({entries[0].run_id}, " in shown.trust
        told = _say("verify", shown.folder, "--key", public)
        assert (told.exit_code, "An aborted run stands before it" in told.output) == (0, True)


def test_aborted_runs_stay_told_whatever_is_published_after_them(tmp_path: Path) -> None:
    """A second green report does not wash the first one's past off."""
    root = tmp_path / "gate"
    begin(root, _planned("killed-1")).close()
    begin(root, _planned("killed-2")).close()
    for number in (1, 2):
        published = publish(root, f"run-{number}", document(f"run-{number}"))
        assert [run.run_id for run in published.verified.standing.earlier] == ["killed-1", "killed-2"]
        assert "2 aborted runs stand before it (the last: killed-2, " in published.trust
    as_json = json.loads(_say("verify", published.folder, "--json").output)
    assert [(run["run_id"], run["decision"]) for run in as_json["earlier"]] == [("killed-1", None), ("killed-2", None)]


def test_the_report_says_it_without_its_history(tmp_path: Path) -> None:
    """It is signed into the report itself."""
    root = tmp_path / "gate"
    begin(root, _planned("killed")).close()
    published = publish(root, "run-1", document())
    (root / history.HISTORY).unlink()
    found = verify(published.folder, load_public(published.public_key))
    assert (found.newest, [run.run_id for run in found.standing.earlier]) == (None, ["killed"])
    payload = json.loads(base64.b64decode(json.loads(read_envelope(published.folder))["payload"]))
    assert payload["predicate"]["earlier"][0]["run_id"] == "killed"


def test_a_run_that_goes_on_is_not_aborted(tmp_path: Path) -> None:
    """Two gates side by side: neither is told of the other, until one dies."""
    root = tmp_path / "gate"
    with begin(root, _planned("run-1")):
        with begin(root, _planned("run-2")):
            assert publish(root, "run-1", document("run-1")).verified.statement.predicate.earlier == ()
        third = publish(root, "run-3", document("run-3"))
    assert [run.run_id for run in third.verified.statement.predicate.earlier] == ["run-2"]
    assert list((tmp_path / "keys/registers").glob(".run-2*")) == []


def test_an_aborted_run_on_another_target_is_not_told(tmp_path: Path) -> None:
    root = tmp_path / "gate"
    begin(root, _planned("killed", "clinic north")).close()
    assert publish(root, "run-1", document()).verified.standing.earlier == ()


def test_a_run_that_ended_is_not_aborted(tmp_path: Path) -> None:
    """However it ended: begun, published, and listed once."""
    root = tmp_path / "gate"
    with begin(root, _planned("run-1")):
        publish(root, "run-1", document(failing=True))
    listed = _say("history", root).output
    assert ("ABORTED" in listed, listed.count("run-1"), "REJECTED" in listed) == (False, 1, True)
    assert publish(root, "run-2", document("run-2")).verified.standing.earlier == ()


def test_a_run_whose_report_could_not_be_published_does_not_begin(tmp_path: Path) -> None:
    """It says so at once, and not after an hour."""
    root = tmp_path / "gate"
    publish(root, "run-1", document())
    (root / history.HISTORY).write_text("{}\n")
    with pytest.raises(PublishError, match="no report is published: Line 1 of"):
        begin(root, _planned("run-2"))
    with pytest.raises(PublishError, match="cannot read the key"):
        begin(root, _planned("run-2"), str(tmp_path / "none.pem"))
