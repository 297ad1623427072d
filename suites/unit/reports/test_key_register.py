"""Best of N: a run in a folder of its own counts like any other, because the key's register lies elsewhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from checks.policy import load_policy
from cli import main
from reports import history
from reports.document import ReportDocument, policy_digest
from reports.head import Head
from reports.keys import load_public, machine_signer
from reports.refusals import Refusal, VerificationError
from reports.run_log import PlannedRun, RunLog
from reports.verify import verify
from reports.writer import Published, PublishError, begin, publish
from suites.unit.reports.report_samples import document


@pytest.fixture
def signing(tmp_path: Path) -> Path:
    """A key that every run is given."""
    machine_signer(tmp_path / "keys")
    return tmp_path / "keys/gate.ed25519"


def _say(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


def _run(where: Path, run_id: str, signing: Path, *, failing: bool = False) -> Published:
    registers = signing.parents[1] / "state"
    return publish(where / "gate", run_id, document(run_id, failing=failing), str(signing), registers=registers)


def test_runs_in_a_scratch_folder_are_told_by_the_report_that_is_kept(tmp_path: Path, signing: Path) -> None:
    """Red twice where nobody looks, one of them with a copy of the key, then green where it counts."""
    copied = tmp_path / "copied.pem"
    shutil.copy(signing, copied)
    state = tmp_path / "state"
    publish(tmp_path / "scratch/gate", "run-1", document("run-1", failing=True), str(signing), registers=state)
    publish(tmp_path / "other/gate", "run-2", document("run-2", failing=True), str(copied), registers=state)
    begin(
        tmp_path / "third/gate",
        PlannedRun("run-3", "gate", "reference stack", document().identity.policy_digest),
        str(signing),
        registers=state,
    ).close()
    for used in ("scratch", "other", "third"):
        shutil.rmtree(tmp_path / used)
    kept = _run(tmp_path / "build", "run-4", signing)
    assert kept.verified.statement.predicate.sequence == 3
    assert "2 reports were published on it in other folders before (2 REJECTED)." in kept.trust
    assert "An aborted run stands before it (run-3, " in kept.trust
    told = _say("verify", kept.folder, "--key", tmp_path / "keys/gate.pub", "--json")
    earlier = json.loads(told.output)["earlier"]
    strict = _say("verify", kept.folder, "--key", tmp_path / "keys/gate.pub", "--strict")
    assert (told.exit_code, strict.exit_code, "not without remarks" in strict.output) == (0, 1, True)
    assert [(r["run_id"], r["decision"]) for r in earlier] == [
        ("run-1", "REJECTED"),
        ("run-2", "REJECTED"),
        ("run-3", None),
    ]


def test_reports_of_the_same_folder_are_not_told_as_of_others(tmp_path: Path, signing: Path) -> None:
    """Nor does one on another target, or by another policy, count among them."""
    _run(tmp_path / "build", "run-1", signing, failing=True)
    state = tmp_path / "state"
    publish(tmp_path / "a/gate", "run-2", document("run-2", name="clinic north"), str(signing), registers=state)
    third = _run(tmp_path / "build", "run-3", signing)
    assert third.verified.standing.earlier == ()
    assert _say("verify", third.folder, "--key", tmp_path / "keys/gate.pub", "--strict").exit_code == 0


def test_a_report_verifies_with_the_register_in_place_of_the_history(tmp_path: Path, signing: Path) -> None:
    """Which knows of a newer report in another folder, and so refuses the one that looks newest where it lies."""
    first = _run(tmp_path / "build", "run-1", signing)
    register = RunLog(tmp_path, tmp_path / "state", machine_signer(tmp_path / "keys")).register
    key = load_public(tmp_path / "keys/gate.pub")
    assert verify(first.folder, key, history_file=register).newest is True
    head = Head.of(register)
    _run(tmp_path / "scratch", "run-2", signing, failing=True)
    assert verify(first.folder, key).newest is True
    with pytest.raises(VerificationError) as problem:
        verify(first.folder, key, history_file=register, head=head)
    assert problem.value.refusal is Refusal.SUPERSEDED
    listed = _say("history", register)
    assert (listed.exit_code, "run-1" in listed.output, "run-2" in listed.output) == (0, True, True)


def test_a_register_that_was_removed_is_told(tmp_path: Path, signing: Path) -> None:
    """By the folder's history: the numbers go on, and the lines say that the register began anew."""
    assert "begun anew" not in _run(tmp_path / "build", "run-1", signing).trust
    _run(tmp_path / "scratch", "run-2", signing, failing=True)
    shutil.rmtree(tmp_path / "state")
    third = _run(tmp_path / "build", "run-3", signing)
    assert third.verified.statement.predicate.sequence == 2
    assert "The key's register was begun anew before run run-3" in third.trust
    assert "begun anew before run run-3" in _run(tmp_path / "build", "run-4", signing).trust, "it stays told"


def test_a_register_that_was_altered_is_not_extended(tmp_path: Path, signing: Path) -> None:
    _run(tmp_path / "build", "run-1", signing)
    register = next((tmp_path / "state").glob("*.jsonl"))
    register.write_bytes(register.read_bytes().replace(b"APPROVED", b"REJECTED"))
    with pytest.raises(PublishError, match=r"Line 2 of .*/state/.*the history was altered"):
        begin(
            tmp_path / "build/gate",
            PlannedRun("run-2", "gate", "x", "0" * 64),
            str(signing),
            registers=tmp_path / "state",
        )


def test_a_crash_between_both_files_leaves_the_run_in_the_register(tmp_path: Path, signing: Path) -> None:
    """A history that cannot be written: the run is told all the same, by the next report."""
    _run(tmp_path / "build", "run-1", signing)
    kept = tmp_path / "build/gate" / history.HISTORY
    before = kept.read_bytes()
    _run(tmp_path / "build", "run-2", signing, failing=True)
    kept.write_bytes(before)
    shutil.rmtree(tmp_path / "build/gate/run-2")
    told = _run(tmp_path / "build", "run-3", signing).trust
    assert "A report was published on it in other folders before (1 REJECTED)." in told


def _by(policy: str, run_id: str, kind: str = "gate") -> ReportDocument:
    made, rules = document(run_id), load_policy(policy)
    asked = {"policy": rules.name, "policy_digest": policy_digest(rules), "kind": kind}
    return made.model_copy(update={"identity": made.identity.model_copy(update=asked)})


@pytest.mark.parametrize("other", [("therapy-analyzer", "gate"), ("default", "drill")])
def test_newest_is_by_policy_and_kind(other: tuple[str, str], tmp_path: Path, signing: Path) -> None:
    """A red run by a weaker policy, or of another kind, is no answer to the same question."""
    root, key = tmp_path / "gate", load_public(tmp_path / "keys/gate.pub") if signing else None
    assert key is not None
    first = publish(root, "run-1", _by("default", "run-1"), str(signing))
    second = publish(root, "run-2", _by(other[0], "run-2", other[1]), str(signing))
    assert second.verified.statement.predicate.sequence == 1
    assert verify(first.folder, key).newest is True
    third = publish(root, "run-3", _by("default", "run-3"), str(signing))
    assert third.verified.statement.predicate.sequence == 2
    assert verify(second.folder, key).newest is True
    with pytest.raises(VerificationError, match=r"run run-3 .* is report 2 and replaces it"):
        verify(first.folder, key)
