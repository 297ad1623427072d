"""What is offered to schedulers: each is what its own tool takes, and runs jobs that there are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from checks.catalogue import catalogue
from checks.policy import load_policy
from fixtures import REPOSITORY

pytestmark = pytest.mark.unit

SCHEDULES = REPOSITORY / "schedules"
_PLACE = "/opt/clinical-gate"
_FILES = sorted(path for path in SCHEDULES.rglob("*") if path.is_file())
_YAML = [path for path in _FILES if path.suffix in (".yml", ".yaml")]
_JOBS = set(re.findall(r"^  (\w+)\)", (REPOSITORY / "run").read_text(), re.MULTILINE))


def _run(*argv: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.name)
def test_every_job_that_is_run_is_one_of_run(path: Path) -> None:
    named = set(re.findall(r"\./?run (\w+)|/run (\w+)|\"\./run\", \"(\w+)\"", path.read_text()))
    jobs = {word for words in named for word in words if word}
    assert jobs <= _JOBS
    if path.suffix not in (".timer", ".yml") or path.name == "gitlab-ci.yml":
        assert jobs & {"night", "watch"}


def test_the_tables_name_every_file_and_every_variable() -> None:
    told = (SCHEDULES / "README.md").read_text()
    for path in _FILES:
        assert path.name in told or path.parent.name in told, path
    used = set(re.findall(r"NIGHT_[A-Z_]+", (REPOSITORY / "run").read_text()))
    assert used == set(re.findall(r"NIGHT_[A-Z_]+", told))
    for path in _FILES:
        assert set(re.findall(r"NIGHT_[A-Z_]+", path.read_text())) <= used


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    units = []
    for path in sorted((SCHEDULES / "systemd").iterdir()):
        units.append(tmp_path / path.name)
        units[-1].write_text(path.read_text().replace(_PLACE, str(REPOSITORY)))
    done = _run("systemd-analyze", "verify", *units)
    ours = [line for line in done.stderr.splitlines() if "clinical-gate" in line]
    assert (done.returncode, ours) == (0, [])
    for unit in units:
        for when in re.findall(r"^OnCalendar=(.*)$", unit.read_text(), re.MULTILINE):
            assert _run("systemd-analyze", "calendar", when).returncode == 0
    broken = tmp_path / "clinical-gate-broken.service"
    broken.write_text("[Service]\nType=oneshot\nExecStart=/nowhere/run night\n")
    assert "not executable" in _run("systemd-analyze", "verify", broken).stderr


def test_a_night_waits_for_the_clock() -> None:
    """Its report says when it was: a clock that is still to be set would date it wrongly."""
    unit = (SCHEDULES / "systemd" / "clinical-gate-night.service").read_text()
    (after,) = re.findall(r"^After=(.*)$", unit, re.MULTILINE)
    assert "time-sync.target" in after.split()


def test_what_mends_outlives_a_night_that_is_ended() -> None:
    """A watcher is of the unit's control group, and killed with it unless only the night itself is."""
    unit = (SCHEDULES / "systemd" / "clinical-gate-night.service").read_text()
    assert re.findall(r"^KillMode=(.*)$", unit, re.MULTILINE) == ["process"]


def test_cron_has_a_user_and_a_command_in_every_line() -> None:
    lines = [
        line
        for line in (SCHEDULES / "cron.d-clinical-gate").read_text().splitlines()
        if line and not line.startswith("#") and not re.match(r"[A-Z_]+=", line)
    ]
    for line in lines:
        *when, user, command = line.split(maxsplit=6)
        assert (len(when), user) == (5, "root")
        assert all(re.fullmatch(r"\*|\d+", field) for field in when)
        assert _run("bash", "-n", "-c", command).returncode == 0
    assert len(lines) == 2


def test_cron_mails_what_was_said_when_it_failed(tmp_path: Path) -> None:
    """And nothing of a night that is well."""
    (command,) = {
        line.split(maxsplit=6)[6]
        for line in (SCHEDULES / "cron.d-clinical-gate").read_text().splitlines()
        if "run watch" in line
    }
    for status, said in ((0, ""), (1, "AMISS\n")):
        run = tmp_path / "run"
        run.write_text(f"#!/bin/sh\necho AMISS\nexit {status}\n")
        run.chmod(0o755)
        done = _run("bash", "-c", command.replace(_PLACE, str(tmp_path)))
        assert (done.returncode, done.stdout) == (status, said)


@pytest.mark.parametrize("path", _YAML, ids=lambda path: path.name)
def test_yaml_is_yaml(path: Path) -> None:
    assert all(isinstance(document, dict) for document in yaml.safe_load_all(path.read_text()))


def test_the_cron_jobs_mount_what_they_name() -> None:
    documents = list(yaml.safe_load_all((SCHEDULES / "kubernetes-cronjob.yaml").read_text()))
    there = {(d["kind"], d["metadata"]["name"]) for d in documents}
    jobs = [document for document in documents if document["kind"] == "CronJob"]
    assert len(jobs) == 2
    for job in jobs:
        assert job["spec"]["concurrencyPolicy"] == "Forbid"
        spec = job["spec"]["jobTemplate"]["spec"]
        assert spec["backoffLimit"] == 0  # what failed is not repeated until it passes
        pod = spec["template"]["spec"]
        (container,) = pod["containers"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
        assert ("Secret", volumes["settings"]["secret"]["secretName"]) in there
        assert ("PersistentVolumeClaim", volumes["nights"]["persistentVolumeClaim"]["claimName"]) in there


def test_the_night_of_a_pod_is_held_to_a_policy_that_exempts_what_no_pod_can_do(tmp_path: Path) -> None:
    documents = list(yaml.safe_load_all((SCHEDULES / "kubernetes-cronjob.yaml").read_text()))
    (settings,) = (document["stringData"] for document in documents if document["kind"] == "Secret")
    night = next(d for d in documents if d["metadata"]["name"] == "clinical-gate-night" and d["kind"] == "CronJob")
    command = night["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["command"]
    named = {word.rpartition("/")[2] for word in command if word.startswith(("--target=", "--policy="))}
    assert named == {"target.toml", "policy.toml"} <= set(settings)
    (tmp_path / "policy.toml").write_text(settings["policy.toml"])
    policy = load_policy(str(tmp_path / "policy.toml"))
    only_drilled = [rule.id for rule in catalogue() if rule.drills_only]
    assert len(only_drilled) == 2
    assert all(policy.exempts(identity) for identity in only_drilled)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no Prometheus here")
def test_prometheus_takes_the_alerts() -> None:
    done = _run("promtool", "check", "rules", SCHEDULES / "prometheus-rules.yml")
    assert (done.returncode, "4 rules found" in done.stdout) == (0, True), done.stderr


def test_the_alerts_ask_for_metrics_that_are_written() -> None:
    """By the names of `reports/render/formats/nightly.py`."""
    written = (REPOSITORY / "reports" / "render" / "formats" / "nightly.py").read_text()
    asked = set(re.findall(r"clinical_gate_\w+", (SCHEDULES / "prometheus-rules.yml").read_text()))
    assert len(asked) == 2
    assert all(f'"{name}"' in written for name in asked)
