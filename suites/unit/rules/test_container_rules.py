"""What the rules about containers say of containers that are written down by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from checks.catalogue import catalogue, read
from checks.evaluate import evaluate
from checks.model import Reason, Status
from checks.policy import load_policy
from checks.targets import ContainerPath, HealthCheck, LogStore, Mount
from suites.unit.rules.hand_written_containers import DIGEST, SOUND, ListedContainers, judged

RULES = [rule for rule in catalogue() if rule.id.startswith("containers/")]
ONE_EACH = [rule for rule in RULES if rule.id != "containers/segments_separated"]  # that is about two


@pytest.mark.parametrize("rule", ONE_EACH, ids=repr)
def test_a_sound_container_is_one_finding_that_names_it(rule: Any) -> None:  # noqa: ANN401  a Check, by the catalogue
    result = evaluate(rule, lambda _: ListedContainers(SOUND), load_policy("default"), target="clinic")
    assert result.status is Status.PASS
    assert [finding.subject for finding in result.findings] == ["container clinic-web-1 (3f2a9c0d1e4b)"]


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_where_there_is_no_container_nothing_was_examined(rule: Any) -> None:  # noqa: ANN401  likewise
    result = evaluate(rule, lambda _: ListedContainers(), load_policy("default"), target="clinic")
    assert (result.status, result.reason) == (Status.UNKNOWN, Reason.EXAMINED_NOTHING)


CASES: Sequence[tuple[str, dict[str, Any], bool, str]] = [
    ("not_run_as_root", {"user": ""}, False, "user not set (root), its main process has uid 1000"),
    ("not_run_as_root", {"user": "root"}, False, "user root"),
    ("not_run_as_root", {"user": "0"}, False, "user 0"),
    ("not_run_as_root", {"user": "app", "main_uid": 0}, False, "user app, its main process has uid 0"),
    ("not_run_as_root", {"user": "", "main_uid": 100000, "remapped": True}, True, "in a user namespace"),
    ("not_run_as_root", {"user": "", "main_uid": 0, "remapped": True}, False, "has uid 0"),
    ("not_run_as_root", {"main_uid": None, "state": "exited", "exit_code": 0}, True, "exited, of unknown uid"),
    ("root_file_system_read_only", {"read_only": False}, False, "is writable"),
    ("not_privileged", {"privileged": True}, False, "is privileged"),
    ("capabilities_dropped", {"dropped": ("NET_RAW",)}, False, "drops NET_RAW, adds none"),
    ("capabilities_dropped", {"added": ("NET_BIND_SERVICE",)}, True, "adds NET_BIND_SERVICE"),
    ("capabilities_dropped", {"added": ("NET_BIND_SERVICE", "SYS_PTRACE")}, False, "SYS_PTRACE"),
    ("capabilities_dropped", {"privileged": True}, False, "is privileged and has all"),
    ("no_new_privileges", {"no_new_privileges": False}, False, "is not set"),
    ("no_new_privileges", {"privileged": True}, False, "is set, and it is privileged"),
    ("system_calls_filtered", {"seccomp": "own"}, True, "own"),
    ("system_calls_filtered", {"seccomp": "none"}, False, "none"),
    ("memory_limited", {"memory": 0}, False, "no memory limit"),
    ("memory_limited", {"memory": 64 << 20}, True, "64 MiB"),
    ("processes_limited", {"processes": 0}, False, "no limit"),
    ("health_checks_can_fail", {"health": None}, False, "it has none"),
    ("health_checks_can_fail", {"health": HealthCheck(("NONE",), "", 0)}, False, "cannot fail: NONE"),
    ("health_checks_can_fail", {"health": HealthCheck(("CMD", "/bin/true"), "healthy", 0)}, False, "cannot fail"),
    ("health_checks_can_fail", {"health": None, "state": "exited", "exit_code": 0}, True, "job that has ended well"),
    ("health_checks_can_fail", {"health": None, "state": "exited", "exit_code": 1}, False, "it has none"),
    ("reported_healthy", {"health": HealthCheck(("CMD", "x"), "unhealthy", 7)}, False, "unhealthy, 7 failed looks"),
    ("reported_healthy", {"health": HealthCheck(("CMD", "x"), "starting", 0)}, False, "running and starting"),
    ("reported_healthy", {"health": None}, True, "of unknown health"),
    ("reported_healthy", {"state": "exited", "exit_code": 137}, False, "exited with 137"),
    ("reported_healthy", {"state": "exited", "exit_code": 0}, True, "exited with 0"),
    ("reported_healthy", {"state": "restarting"}, False, "restarting"),
    ("reported_healthy", {"state": "paused"}, False, "paused"),
    ("images_pinned_by_digest", {"image": "clinic/web:1.2"}, False, "may name another tomorrow"),
    ("images_pinned_by_digest", {"image": "clinic/web"}, False, "may name another tomorrow"),
    ("images_pinned_by_digest", {"image": f"clinic/web:1.2@{DIGEST}"}, True, "is one image"),
    ("images_pinned_by_digest", {"image": DIGEST}, True, "is one image"),
    ("images_pinned_by_digest", {"image": "ab" * 6}, True, "is one image"),
    ("images_pinned_by_digest", {"image": "abab"}, False, "may name another"),
    ("images_pinned_by_digest", {"image": "clinic/web@sha256:ab"}, False, "may name another"),
    (
        "engine_socket_not_mounted",
        {"mounts": (Mount("/run/user/1000/docker.sock", "/x", writable=False),)},
        False,
        "is mounted",
    ),
    (
        "engine_socket_not_mounted",
        {"mounts": (Mount("/run/containerd/containerd.sock", "/x", True),)},
        False,
        "is mounted",
    ),
    ("engine_socket_not_mounted", {"mounts": (Mount("/", "/host", writable=False),)}, False, "/ of the host"),
    ("engine_socket_not_mounted", {"mounts": (Mount("/var/run/", "/x", writable=False),)}, False, "is mounted"),
    ("engine_socket_not_mounted", {"mounts": (Mount("/run/postgresql", "/x", writable=True),)}, True, "no mount"),
    ("engine_socket_not_mounted", {"mounts": (Mount("/srv/docker.sock.d", "/x", writable=True),)}, True, "no mount"),
    ("host_namespaces_not_shared", {"host_namespaces": ("network", "pid")}, False, "the host's network, pid"),
    ("logs_kept_within_bounds", {"log": LogStore("json-file", "", "")}, False, "max-size not set"),
    ("logs_kept_within_bounds", {"log": LogStore("json-file", "10m", "")}, False, "max-file not set"),
    ("logs_kept_within_bounds", {"log": LogStore("json-file", "10m", "1")}, False, "max-file 1"),
    ("logs_kept_within_bounds", {"log": LogStore("json-file", "-1", "3")}, False, "max-size -1"),
    ("logs_kept_within_bounds", {"log": LogStore("json-file", "10m", "3")}, True, "max-file 3"),
    ("logs_kept_within_bounds", {"log": LogStore("journald", "", "")}, True, "journald"),
    ("logs_kept_within_bounds", {"log": LogStore("none", "", "")}, False, "none"),
    ("restarted_after_failure", {"restart": "no"}, False, "restart policy no"),
    ("restarted_after_failure", {"restart": "swarm"}, True, "swarm"),
    ("restarted_after_failure", {"restart": "no", "state": "exited", "exit_code": 0}, True, "ended well"),
]


@pytest.mark.parametrize(("name", "changes", "ok", "said"), CASES)
def test_one_container_is_judged_by_what_is_different(name: str, changes: dict[str, Any], ok: bool, said: str) -> None:  # noqa: FBT001  a case
    (finding,) = judged(name, replace(SOUND, **changes)).findings
    assert finding.ok is ok
    assert said in finding.message


def test_every_rule_is_told_both_right_and_wrong() -> None:
    """Here, or for secrets and segments below; the self-proof does so on real containers."""
    wrong = {name for name, _, ok, _ in CASES if not ok} | {"no_secret_in_configuration", "segments_separated"}
    assert wrong == {rule.id.rpartition("/")[2] for rule in RULES}


def test_one_bad_container_of_several_is_the_one_that_is_named() -> None:
    good = [replace(SOUND, name=f"clinic-web-{number}", id=f"{number:012x}") for number in range(3)]
    bad = replace(SOUND, name="clinic-db-1", id="f" * 12, privileged=True)
    result = judged("not_privileged", *good, bad)
    assert result.status is Status.FAIL
    assert len(result.findings) == 4
    assert [finding.subject for finding in result.broken] == ["container clinic-db-1 (ffffffffffff)"]


def test_two_containers_of_one_name_are_two_findings() -> None:
    """The bad one is not hidden by its namesake, whichever comes first."""
    bad = replace(SOUND, id="b" * 12, memory=0)
    for pair in ((SOUND, bad), (bad, SOUND)):
        result = judged("memory_limited", *pair)
        assert [finding.subject for finding in result.broken] == ["container clinic-web-1 (bbbbbbbbbbbb)"]
        assert len({finding.subject for finding in result.findings}) == 2


def test_a_main_process_that_nobody_sees_is_not_taken_for_somebody() -> None:
    """What is configured may be root all the same; what says so itself is a failure without being seen."""
    unseen = judged("not_run_as_root", SOUND, replace(SOUND, id="c" * 12, main_uid=None))
    assert (unseen.status, unseen.reason) == (Status.UNKNOWN, Reason.COULD_NOT_LOOK)
    assert unseen.explanation.endswith("does not tell as whom these run: container clinic-web-1 (cccccccccccc)")
    assert judged("not_run_as_root", replace(SOUND, user="", main_uid=None)).status is Status.FAIL


def test_a_container_that_cannot_be_inspected_hides_nothing_of_the_others() -> None:
    """A fault that was seen is a failure; without one, what was not seen makes it UNKNOWN."""
    gone = "container clinic-db-1 cannot be inspected: No such container"
    worse = judged("not_privileged", SOUND, replace(SOUND, privileged=True), problem=gone)
    assert (worse.status, worse.explanation) == (Status.FAIL, f"and then: {gone}")
    unseen = judged("not_privileged", SOUND, problem=gone)
    assert (unseen.status, unseen.reason, len(unseen.findings)) == (Status.UNKNOWN, Reason.COULD_NOT_LOOK, 1)


def test_a_path_that_nobody_declared_is_named_with_where_it_ends() -> None:
    """One that is declared may be used or not, and one that is not may not."""
    paths = [
        ContainerPath("web", "app", allowed=True, reached=("172.20.0.3:8000",)),
        ContainerPath("web", "db", allowed=False, reached=("172.20.0.4:5432", "172.20.0.4:8008")),
        ContainerPath("app", "db", allowed=True, reached=()),
        ContainerPath("db", "web", allowed=False, reached=()),
    ]
    listed = ListedContainers(paths=paths)
    result = evaluate(read("containers/segments_separated"), lambda _: listed, load_policy("default"), target="clinic")
    assert len(result.findings) == 4
    (broken,) = result.broken
    assert broken.subject == "container web to db"
    assert broken.message == "reaches 172.20.0.4:5432, 172.20.0.4:8008"
