"""``clinical-gate checks prove`` on the lab's real services."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from checks.catalogue import read
from cli import main
from fixtures import REPOSITORY
from fixtures.stack import runs

PATIENCE_S = 60.0
RULE = "data/cache_refuses_plaintext_and_anonymous"
VIOLATIONS = len(read(RULE).violations)


def _prove(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["checks", "prove", *arguments])


def test_every_proof_is_a_line_and_all_of_them_are_0() -> None:
    """The clean twin first, then each violation; the lab is gone."""
    done = _prove(RULE)

    *lines, last = done.stdout.splitlines()
    assert done.exit_code == 0, done.output
    assert last == f"{1 + VIOLATIONS} of {1 + VIOLATIONS} proofs of 1 checks succeeded"
    assert all(re.match(rf"proven   +\d+\.\d\d s  {RULE} on ", line) for line in lines)
    assert [line.partition(": ")[2].split()[0] for line in lines] == ["PASS", *["FAIL"] * VIOLATIONS]
    assert not [run for run in runs.runs() if run.owner == os.getpid()]


def test_a_program_reads_json_from_stdout_and_a_person_the_progress() -> None:
    done = _prove(RULE, "--json")

    proofs = json.loads(done.stdout)
    assert done.exit_code == 0
    assert len(proofs) == len(done.stderr.splitlines()) == 1 + VIOLATIONS
    assert {proof["check"] for proof in proofs} == {RULE}
    assert [(proof["wanted"], proof["status"], proof["proven"]) for proof in proofs] == [
        ("PASS", "PASS", True),
        *[("FAIL", "FAIL", True)] * VIOLATIONS,
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["tsl"], "no check begins with 'tsl': clinical-gate checks list"),
        ([RULE, "tsl"], "no check begins with 'tsl': clinical-gate checks list"),
        ([], "Missing argument 'PREFIX...'; see clinical-gate checks prove --help"),
        (["data", "--policy", "nope"], "no policy named 'nope'"),
        (["performance/accelerators"], "policy default leaves out performance/accelerators_within_limits: "),
    ],
    ids=["no match", "one does not match", "none given", "policy", "left out"],
)
def test_what_cannot_be_proven_is_one_sentence(arguments: list[str], sentence: str) -> None:
    """Before a lab is begun."""
    done = _prove(*arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"clinical-gate: {sentence}")
    assert done.stderr.count("\n") == 1


def test_a_check_that_does_not_keep_its_word_is_1(tmp_path: Path) -> None:
    """Held to a policy that the lab's clean twin cannot keep, the check fails on it, too, which proves nothing."""
    policy = tmp_path / "strict.toml"
    policy.write_text('name = "strict"\nsystem = "none"\nrequired_controls = []\n[privacy]\nepsilon = 1e-3\n')
    done = _prove("privacy/noise_calibrated_to_claim", "--policy", str(policy))

    assert done.exit_code == 1
    first, *others, last = done.stdout.splitlines()
    assert re.match(r"UNPROVEN +\d+\.\d\d s  privacy/noise_calibrated_to_claim on clean twin: FAIL ", first)
    assert all(line.startswith("proven ") for line in others)
    assert last == f"{len(others)} of {len(others) + 1} proofs of 1 checks succeeded"


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_proof_leaves_no_lab_behind(signum: int) -> None:
    """On Ctrl-C and on SIGTERM: one sentence, exit code 2, and neither processes nor files."""
    # What runs in the background of a shell ignores SIGINT, and so would its children.
    argv = ["env", "--default-signal=INT", sys.executable, "-m", "cli", "checks", "prove", "data/cache", "audit"]
    with subprocess.Popen(argv, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        first = running.stdout.readline()
        [lab] = [run for run in runs.runs() if run.owner == running.pid]
        running.send_signal(signum)
        _, said = running.communicate(timeout=PATIENCE_S)

    assert first.startswith("proven")
    assert (running.returncode, said) == (2, "clinical-gate: interrupted\n")
    assert not Path(lab.root).exists()
    assert lab.id not in {run.id for run in runs.runs()}
