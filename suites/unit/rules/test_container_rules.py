"""What the rules about containers say of containers that are written down by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from checks.catalogue import catalogue, read
from checks.containers._health import always_succeeds
from checks.containers._secrets import is_secret
from checks.evaluate import evaluate
from checks.model import CannotLookError, Reason, Result, Status
from checks.policy import load_policy
from checks.targets import ContainerFacts, HealthCheck, LogStore, Mount, Setting
from fixtures.targets.containers.settings import shape_of, shown_settings, shown_words

DIGEST = f"sha256:{'ab' * 32}"
RULES = [rule for rule in catalogue() if rule.id.startswith("containers/")]
SOUND = ContainerFacts(
    name="clinic-web-1",
    id="3f2a9c0d1e4b",
    state="running",
    exit_code=None,
    user="1000:1000",
    main_uid=1000,
    remapped=False,
    privileged=False,
    read_only=True,
    added=(),
    dropped=("ALL",),
    no_new_privileges=True,
    seccomp="default",
    memory=1 << 28,
    processes=100,
    health=HealthCheck(("CMD", "wget", "-q", "http://localhost/"), "healthy", 0),
    image=f"clinic/web@{DIGEST}",
    image_id=DIGEST,
    digests=(f"clinic/web@{DIGEST}",),
    settings=(Setting("environment", "DB_PASSWORD_FILE", "path"),),
    mounts=(Mount("/srv/clinic", "/data", writable=True),),
    host_namespaces=(),
    log=LogStore("local", "", ""),
    restart="unless-stopped",
)


class _Listed:
    """Implements `checks.targets.Containers` by a list, and by what could not be inspected."""

    def __init__(self, *facts: ContainerFacts, problem: str = "") -> None:
        self._facts, self._problem = facts, problem

    def containers(self) -> Iterator[ContainerFacts]:
        """See `checks.targets.Containers.containers`."""
        yield from self._facts
        if self._problem:
            raise CannotLookError(self._problem)


def _judged(name: str, *facts: ContainerFacts, problem: str = "") -> Result:
    listed = _Listed(*facts, problem=problem)
    return evaluate(read(f"containers/{name}"), lambda _: listed, load_policy("default"), target="clinic")


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_a_sound_container_is_one_finding_that_names_it(rule: Any) -> None:  # noqa: ANN401  a Check, by the catalogue
    result = evaluate(rule, lambda _: _Listed(SOUND), load_policy("default"), target="clinic")
    assert result.status is Status.PASS
    assert [finding.subject for finding in result.findings] == ["container clinic-web-1 (3f2a9c0d1e4b)"]


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_where_there_is_no_container_nothing_was_examined(rule: Any) -> None:  # noqa: ANN401  likewise
    result = evaluate(rule, lambda _: _Listed(), load_policy("default"), target="clinic")
    assert (result.status, result.reason) == (Status.UNKNOWN, Reason.EXAMINED_NOTHING)


CASES: Sequence[tuple[str, dict[str, Any], bool, str]] = [
    ("not_run_as_root", {"user": ""}, False, "user not set (root), its main process has uid 1000"),
    ("not_run_as_root", {"user": "root"}, False, "user root"),
    ("not_run_as_root", {"user": "0"}, False, "user 0"),
    ("not_run_as_root", {"user": "app", "main_uid": 0}, False, "user app, its main process has uid 0"),
    ("not_run_as_root", {"user": "", "main_uid": 100000, "remapped": True}, True, "in a user namespace"),
    ("not_run_as_root", {"user": "", "main_uid": 0, "remapped": True}, False, "has uid 0"),
    ("not_run_as_root", {"main_uid": None, "state": "exited", "exit_code": 0}, True, "does not run"),
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
    (finding,) = _judged(name, replace(SOUND, **changes)).findings
    assert finding.ok is ok
    assert said in finding.message


def test_every_rule_is_told_both_right_and_wrong() -> None:
    """Here, or for secrets below; the self-proof does so on real containers."""
    wrong = {name for name, _, ok, _ in CASES if not ok} | {"no_secret_in_configuration"}
    assert wrong == {rule.id.rpartition("/")[2] for rule in RULES}


def test_one_bad_container_of_several_is_the_one_that_is_named() -> None:
    good = [replace(SOUND, name=f"clinic-web-{number}", id=f"{number:012x}") for number in range(3)]
    bad = replace(SOUND, name="clinic-db-1", id="f" * 12, privileged=True)
    result = _judged("not_privileged", *good, bad)
    assert result.status is Status.FAIL
    assert len(result.findings) == 4
    assert [finding.subject for finding in result.broken] == ["container clinic-db-1 (ffffffffffff)"]


def test_two_containers_of_one_name_are_two_findings() -> None:
    """The bad one is not hidden by its namesake, whichever comes first."""
    bad = replace(SOUND, id="b" * 12, memory=0)
    for pair in ((SOUND, bad), (bad, SOUND)):
        result = _judged("memory_limited", *pair)
        assert [finding.subject for finding in result.broken] == ["container clinic-web-1 (bbbbbbbbbbbb)"]
        assert len({finding.subject for finding in result.findings}) == 2


def test_a_container_that_cannot_be_inspected_hides_nothing_of_the_others() -> None:
    """A fault that was seen is a failure; without one, what was not seen makes it UNKNOWN."""
    gone = "container clinic-db-1 cannot be inspected: No such container"
    worse = _judged("not_privileged", SOUND, replace(SOUND, privileged=True), problem=gone)
    assert (worse.status, worse.explanation) == (Status.FAIL, f"and then: {gone}")
    unseen = _judged("not_privileged", SOUND, problem=gone)
    assert (unseen.status, unseen.reason, len(unseen.findings)) == (Status.UNKNOWN, Reason.COULD_NOT_LOOK, 1)


# ------------------------------------------------------------------------------------------------------------ secrets

VALUE = "correct-horse"
SECRETS = [
    ("POSTGRES_PASSWORD", VALUE),
    ("POSTGRES_PASSWORD", "123456"),
    ("POSTGRES_PASSWORD_2", VALUE),
    ("dbPassword", VALUE),
    ("SECRET_KEY_BASE", VALUE),
    ("API_TOKEN", VALUE),
    ("traefik.api.token", VALUE),
    ("DJANGO_KEY", VALUE),
    ("requirepass", VALUE),
    ("DATABASE_URL", f"postgres://app:{VALUE}@db:5432/app"),
    ("BROKER", f"redis://:{VALUE}@cache/0"),
    ("SENTRY", f"see https://key:{VALUE}@sentry.test/1"),
    ("CERTIFICATE", "-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----"),
    ("NOTE", "ghp_" + "a1" * 18),
    ("SESSION", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
]
NO_SECRETS = [
    ("POSTGRES_PASSWORD_FILE", "/run/secrets/db"),
    ("DB_PASSWORD", "/run/secrets/db"),
    ("POSTGRES_PASSWORD", ""),
    ("PASSWORD_REQUIRED", "always"),
    ("PASSWORD_ENCRYPTION", "scram-sha-256"),
    ("TOKEN_TTL", "30m"),
    ("MAX_TOKEN", "4096"),
    ("REQUIRE_KEY", "true"),
    ("GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D"),
    ("JWT_PUBLIC_KEY", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"),
    ("TOKEN_URL", "https://login.clinic.test/token"),
    ("DATABASE_URL", "postgres://app@db:5432/app"),
    ("KEYCLOAK_HOSTNAME", "login.clinic.test"),
    ("MONKEY", "banana"),
    ("PATH", "/usr/local/bin:/usr/bin"),
    ("PWD", "/srv"),
]


@pytest.mark.parametrize(("name", "value"), SECRETS)
@pytest.mark.parametrize("place", ["environment", "label"])
def test_a_secret_is_named_and_its_value_is_not(place: str, name: str, value: str) -> None:
    """In the environment and in labels alike; neither facts nor findings hold what it is."""
    facts = replace(SOUND, settings=tuple(shown_settings(place, {"LANG": "C", name: value})))
    result = _judged("no_secret_in_configuration", facts)
    assert [finding.message for finding in result.broken] == [f"secrets in {name} ({place})"]
    assert value not in f"{facts}{result}"


@pytest.mark.parametrize(("name", "value"), NO_SECRETS)
def test_what_only_speaks_of_secrets_is_none(name: str, value: str) -> None:
    assert not is_secret(Setting("environment", name, shape_of(value)))


def test_an_empty_environment_holds_no_secret() -> None:
    (finding,) = _judged("no_secret_in_configuration", replace(SOUND, settings=())).findings
    assert (finding.ok, finding.message) == (True, "none of 0 settings looks like a secret")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["server", "--password=hunter two"], ["password"]),
        (["server", "--admin-password", VALUE], ["admin-password"]),
        (["redis-server", "--requirepass", VALUE], ["requirepass"]),
        (["sh", "-c", f"DB_PASSWORD={VALUE} exec serve"], ["DB_PASSWORD"]),
        (["serve", f"amqp://app:{VALUE}@queue"], ["word 2"]),
        (["server", "--password-file", "/run/secrets/db", "--token", "--verbose"], []),
        (["sh", "-c", "echo 'unbalanced"], []),
        ([], []),
    ],
)
def test_a_command_is_read_word_by_word(words: list[str], named: list[str]) -> None:
    """Also the line of a shell."""
    assert [setting.name for setting in shown_words("command", words) if is_secret(setting)] == named


# ------------------------------------------------------------------------------------------------------ health checks


@pytest.mark.parametrize(
    "test",
    [
        ("NONE",),
        ("CMD", "true"),
        ("CMD", "/bin/busybox", "true"),
        ("CMD", "echo", "well"),
        ("CMD", "sh", "-c", "exit 0"),
        ("CMD-SHELL", "exit 0"),
        ("CMD-SHELL", ":"),
        ("CMD-SHELL", "curl -f http://localhost/ || exit 0"),
        ("CMD-SHELL", "curl -f http://localhost/ || true"),
        ("CMD-SHELL", "curl -f http://localhost/; exit 0;"),
        ("CMD-SHELL", "curl -f http://localhost/ | true"),
        ("CMD-SHELL", "curl http://localhost/\necho done"),
        ("CMD", "/bin/bash", "-c", "curl -f http://localhost/ ; /bin/true"),
    ],
)
def test_a_test_that_cannot_fail_is_seen(test: tuple[str, ...]) -> None:
    assert always_succeeds(test)


@pytest.mark.parametrize(
    "test",
    [
        ("CMD", "pg_isready"),
        ("CMD", "false"),
        ("CMD-SHELL", "curl -f http://localhost/"),
        ("CMD-SHELL", "curl -f http://localhost/ || exit 1"),
        ("CMD-SHELL", "curl -f http://localhost/ && echo well"),
        ("CMD-SHELL", "curl -f http://localhost/ || exit 1; exit 0"),
        ("CMD-SHELL", "set -e; curl -f http://localhost/; true"),
        ("CMD-SHELL", "test -f /tmp/ready && true"),
        ("CMD-SHELL", "if nc -z localhost 80; then exit 0; else exit 1; fi"),
        ("CMD-SHELL", "echo 'unbalanced"),
        ("CMD-SHELL", "redis-cli ping | grep PONG"),
        ("CMD", "sh", "-c", "wget -q localhost"),
        ("CMD", "sh", "/check.sh"),
    ],
)
def test_a_test_that_may_fail_is_not_taken_for_one(test: tuple[str, ...]) -> None:
    assert not always_succeeds(test)
