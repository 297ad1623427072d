"""`./run night` and `./run watch`, without the installation that comes before them: what each ends with."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fixtures import REPOSITORY
from fixtures.wait import wait_for
from reports.writer import publish
from suites.unit.reports.report_samples import document

pytestmark = pytest.mark.unit


def _job(root: Path, job: str, *, drills: str = "exit 0", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one job of ``./run`` to its end."""
    with _started(root, job, drills, **environment) as running:
        said, complained = running.communicate()
    return subprocess.CompletedProcess(running.args, running.returncode, said, complained)


def _started(root: Path, job: str, drills: str, **environment: str) -> subprocess.Popen[str]:
    """One job of ``./run``; ``drills`` stands for pytest, for the drills themselves take ten minutes."""
    text = (REPOSITORY / "run").read_text()
    jobs = text[text.index("night_options() {") : text.index("job=${1:-help}")]
    said = text[text.index("fail() {") : text.index("python_at_least_3_11() {")]
    programs = root / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "pytest").write_text(f'#!/bin/sh\necho "$@" >{root}/asked\n{drills}\n')
    (programs / "pytest").chmod(0o755)
    path = {"PATH": f"{programs}:{os.environ['PATH']}", "NIGHT_REPORTS": str(root)}
    script = f"set -euo pipefail\n{said}\n{jobs}\nnight_options\n{job}"
    return subprocess.Popen(
        ["env", "--default-signal=INT", "bash", "-c", script],
        cwd=REPOSITORY,
        env={**os.environ, **path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _publish(root: Path, number: int, hours_ago: float, *, failing: bool = False) -> None:
    made = document(f"run-{number}", kind="drill", failing=failing)
    ended = datetime.now(UTC) - timedelta(hours=hours_ago)
    identity = made.identity.model_copy(update={"started": ended - timedelta(minutes=8), "ended": ended})
    publish(root / "drill", identity.run_id, made.model_copy(update={"identity": identity}))


def test_without_a_night_there_is_no_key(tmp_path: Path) -> None:
    done = _job(tmp_path, "watch")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        f"run: no key in {tmp_path}/keys/gate.ed25519: there was no night yet",
    )


def test_a_night_that_is_well(tmp_path: Path) -> None:
    _publish(tmp_path, 1, 2)
    metrics = tmp_path / "night.prom"
    done = _job(tmp_path, "night --scenario router-killed", NIGHT_METRICS=str(metrics))
    assert (done.returncode, done.stdout.split()[0]) == (0, "WELL"), done.stderr
    asked = (tmp_path / "asked").read_text().strip()
    assert asked == (
        f"-m drill --report-dir {tmp_path} --signing-key {tmp_path}/keys/gate.ed25519 --scenario router-killed"
    )
    assert 'fault="missing",target="reference stack"} 0.0' in metrics.read_text()


def test_a_night_that_is_not(tmp_path: Path) -> None:
    """By its report, by its age, or because the drills ended badly although the report before them is well."""
    _publish(tmp_path, 1, 2)
    assert _job(tmp_path, "night", drills="exit 3").returncode == 3
    assert _job(tmp_path, "watch", NIGHT_EVERY_HOURS="1").returncode == 1
    _publish(tmp_path, 2, 1, failing=True)
    assert _job(tmp_path, "night").returncode == 1


@pytest.mark.parametrize(("signum", "whole_group"), [(signal.SIGTERM, False), (signal.SIGINT, True)])
def test_a_night_that_is_ended_ends_its_drills_and_waits_for_them(
    signum: signal.Signals,
    whole_group: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    """SIGTERM comes to the night alone, Ctrl-C to everything of a terminal; the drills need a while to end."""
    _publish(tmp_path, 1, 2)
    told = tmp_path / "told"
    end = f"sleep 0.5; echo {signum.name} >{told}; exit 7"
    drills = f"trap '{end}' {signum.name.removeprefix('SIG')}; touch {tmp_path}/begun; while :; do sleep 0.1; done"
    with _started(tmp_path, "night", drills) as running:
        wait_for((tmp_path / "begun").exists, what="the drills have begun", timeout_s=20)
        if whole_group:
            os.killpg(running.pid, signum)
        else:
            running.send_signal(signum)
        said, complained = running.communicate(timeout=60)
    assert told.read_text().strip() == signum.name
    assert (running.returncode, said.split()[0]) == (7, "WELL"), complained
