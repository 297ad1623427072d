"""What looks like a secret in a container's configuration, and which health checks can never fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.containers._health import always_succeeds
from checks.containers._secrets import is_secret
from checks.targets import Setting
from fixtures.targets.containers.settings import shape_of, shown_settings, shown_words
from suites.unit.rules.hand_written_containers import SOUND, judged

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
    result = judged("no_secret_in_configuration", facts)
    assert [finding.message for finding in result.broken] == [f"secrets in {name} ({place})"]
    assert value not in f"{facts}{result}"


@pytest.mark.parametrize(("name", "value"), NO_SECRETS)
def test_what_only_speaks_of_secrets_is_none(name: str, value: str) -> None:
    assert not is_secret(Setting("environment", name, shape_of(value)))


def test_an_empty_environment_holds_no_secret() -> None:
    (finding,) = judged("no_secret_in_configuration", replace(SOUND, settings=())).findings
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
