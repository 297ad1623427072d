"""Containers as hosts have no more rights than they need, and leave nothing on the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from checks.catalogue import catalogue
from checks.evaluate import evaluate
from checks.model import Status
from checks.policy import load_policy
from checks.targets import Kill
from cli import main
from fixtures.hosts import Driver, Host, HostError
from fixtures.hosts.docker.usable import engine_or_refusal
from fixtures.hosts.engine import PLACE_LABEL, RUN_LABEL, clear_strays, engine_address
from fixtures.stack import runs
from fixtures.targets.containers.target import EngineContainers, Selection
from suites.unit.hosts.host_image import NEEDS_HOST_IMAGE
from suites.unit.world.shut_socket import AS_ROOT, SAID, shut_socket

pytestmark = [pytest.mark.unit]
RULES = [
    rule
    for rule in catalogue()
    if rule.id.removeprefix("containers/")
    in (
        "capabilities_dropped",
        "engine_socket_not_mounted",
        "host_namespaces_not_shared",
        "memory_limited",
        "no_new_privileges",
        "no_secret_in_configuration",
        "not_privileged",
        "not_run_as_root",
        "processes_limited",
        "root_file_system_read_only",
        "system_calls_filtered",
    )
]
NOWHERE = "unix:///nonexistent/docker.sock"


@pytest.fixture
def driver() -> Iterator[Driver]:
    """A run on the engine, closed afterwards."""
    _, made = runs.begin(driver="docker")
    yield made
    made.close()


def _inspected(driver: Driver) -> dict[str, Any]:
    with engine_or_refusal() as engine:
        (made,) = engine.containers.list(filters={"label": f"{RUN_LABEL}={driver.run_id}"})
        return dict(made.attrs)


def _succeeds(host: Host, *argv: str, user: str | None = None) -> bool:
    return host.run(list(argv), user=user).status == 0


@NEEDS_HOST_IMAGE
def test_a_container_has_no_rights_and_ends_at_its_limits(driver: Driver) -> None:
    """As the engine itself tells."""
    driver.host("one").run(["true"])
    seen = _inspected(driver)
    limits = seen["HostConfig"]
    assert (limits["ReadonlyRootfs"], limits["CapDrop"], limits["CapAdd"]) == (True, ["ALL"], None)
    assert (limits["Privileged"], limits["SecurityOpt"]) == (False, ["no-new-privileges"])
    assert limits["Memory"] > 0
    assert limits["PidsLimit"] > 0
    assert seen["Config"]["User"].split(":")[0] not in ("", "0", "root")


@NEEDS_HOST_IMAGE
def test_a_program_sees_the_files_of_its_host_only(driver: Driver) -> None:
    """Its own it may write, those of the system it may not, those of a neighbour and of the harness are not there."""
    one, other = driver.host("one"), driver.host("other")
    secret = other.put("secret", "of the other")
    (driver.root / "vault.json").write_text("of the harness")
    assert _succeeds(one, "touch", str(one.directory / "mine"))
    assert _succeeds(other, "cat", str(secret)), "or nothing would be proven of the others"
    refused = (("touch", "/etc/mine"), ("ls", str(other.directory)), ("cat", str(driver.root / "vault.json")))
    assert [_succeeds(one, *argv) for argv in refused] == [False, False, False]
    assert one.run(["id", "--user"]).stdout.strip() != "0"


@NEEDS_HOST_IMAGE
def test_files_are_given_to_accounts_of_the_image(driver: Driver) -> None:
    """A key of the database can be read by the database, and by nobody else there."""
    host = driver.host("one")
    host.folder("deep/down", owner="postgres", mode=0o700)
    key = host.put("deep/down/key", "secret", owner="postgres")
    assert host.get("deep/down/key") == b"secret"
    assert [_succeeds(host, "cat", str(key), user=user) for user in ("postgres", "redis", None)] == [True, False, False]
    with pytest.raises(LookupError, match="has no account nobody-knows"):
        host.put("other", "", owner="nobody-knows")


@NEEDS_HOST_IMAGE
def test_what_is_shared_is_read_by_every_host_and_written_where_told(driver: Driver) -> None:
    """Told before the first host is used."""
    shown, open_ = driver.root / "shown", driver.root / "open"
    for folder in (shown, open_):
        folder.mkdir()
        folder.chmod(0o777)
    driver.share(shown)
    driver.share(open_, writable=True)
    host = driver.host("one")
    assert [_succeeds(host, "touch", str(folder / "new")) for folder in (shown, open_)] == [False, True]
    assert _succeeds(host, "ls", str(shown))


@NEEDS_HOST_IMAGE
def test_a_command_has_its_input_and_both_its_outputs(driver: Driver) -> None:
    """Apart from each other, however long."""
    host = driver.host("one")
    done = host.run(["/bin/sh", "-c", "cat; echo bad >&2; exit 3"], stdin="good" * 100_000)
    assert (done.status, done.stdout, done.stderr) == (3, "good" * 100_000, "bad\n")


@NEEDS_HOST_IMAGE
def test_a_command_that_does_not_end_is_ended(driver: Driver) -> None:
    """And says so; nothing of it is left."""
    host = driver.host("one")
    with pytest.raises(HostError, match=r"one: sleep did not end within 0\.5 s"):
        host.run(["sleep", "600"], timeout_s=0.5)
    assert "sleep 600" not in host.run(["/bin/sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]).stdout


@NEEDS_HOST_IMAGE
def test_another_process_finds_the_hosts_of_a_run(driver: Driver) -> None:
    """As ``stack status`` does."""
    host = driver.host("one")
    started = host.spawn(["sleep", "600"], service="sleeper")
    run = runs.find(driver.run_id)
    assert run is not None
    again = run.open().host("one")
    assert again.process("sleeper") == started
    assert isinstance(again, Kill)
    again.kill()
    assert host.process("sleeper") is None


@NEEDS_HOST_IMAGE
def test_nothing_is_left_on_the_machine(driver: Driver) -> None:
    """No container, no network, no interface, no mount, no rule of the firewall."""
    before = _rules()
    driver.host("one").run(["true"])
    assert driver.capture(driver.root / "wire.pcap") is not None
    bridge = _bridge(driver)
    assert len(_left(driver, bridge)) >= 4, "what should be gone must have been there, or this proves nothing"
    driver.close()
    assert _left(driver, bridge) == []
    assert [rule for rule in _rules() if rule not in before] == []


def _bridge(driver: Driver) -> str:
    with engine_or_refusal() as engine:
        (network,) = engine.networks.list(filters={"label": f"{RUN_LABEL}={driver.run_id}"})
        return str(network.attrs["Options"]["com.docker.network.bridge.name"])


def _left(driver: Driver, bridge: str) -> list[str]:
    mine = {"label": f"{RUN_LABEL}={driver.run_id}"}
    with engine_or_refusal() as engine:
        found = [c.name for c in engine.containers.list(all=True, filters=mine, ignore_removed=True)]
        found += [network.name for network in engine.networks.list(filters=mine)]
    found += [line for line in Path("/proc/net/dev").read_text().splitlines() if bridge in line]
    return found + [line for line in Path("/proc/mounts").read_text().splitlines() if driver.run_id in line]


def _rules() -> list[str]:
    """Of the firewall, as far as this account may see them."""
    if os.geteuid() != 0 or shutil.which("iptables-save") is None:
        return []
    saved = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    return [line for line in saved.splitlines() if line.startswith("-A")]


@pytest.mark.parametrize("command", [("stack", "up", "--driver", "docker"), ("image", "build")])
def test_without_an_engine_one_sentence_says_so(command: tuple[str, ...], tmp_path: Path) -> None:
    """And the exit code is 2."""
    options = ["--target", str(tmp_path / "target.toml")] if command[0] == "stack" else []
    done = CliRunner(env={"DOCKER_HOST": NOWHERE}).invoke(main, [*command, *options])
    assert done.exit_code == 2
    assert done.output.strip() == (f"clinical-gate: no Docker engine answers at {NOWHERE}: there is no such socket")


@AS_ROOT
def test_an_account_without_the_right_to_the_engine_is_told(tmp_path: Path) -> None:
    """What would give it the right."""
    with shut_socket(tmp_path) as address:
        done = CliRunner(env={"DOCKER_HOST": address}).invoke(main, ["image", "build"])
    assert (done.exit_code, done.output.count("\n")) == (2, 1)
    assert SAID in done.output


@NEEDS_HOST_IMAGE
def test_an_image_that_cannot_be_built_is_one_sentence() -> None:
    """And no container of it is left."""
    before = _containers()
    done = CliRunner().invoke(main, ["image", "build", "--base", "clinical-gate-no-such-base:1"])
    assert done.exit_code == 2
    assert done.output.splitlines()[-1].startswith("clinical-gate: the image of hosts cannot be built")
    assert _containers() == before


def _containers() -> int:
    with engine_or_refusal() as engine:
        return len(engine.api.containers(all=True))


@NEEDS_HOST_IMAGE
def test_the_rules_for_containers_hold_for_our_own(driver: Driver) -> None:
    """Those that are about what a container may do; how its service is watched is Patroni's and Prometheus's matter."""
    driver.host("one").run(["true"])
    selection = Selection(labels=(f"{RUN_LABEL}={driver.run_id}",))
    seen = EngineContainers(engine_address(), selection, segments=None)
    found = {rule.id: evaluate(rule, lambda _: seen, load_policy("default"), target="one") for rule in RULES}
    assert len(found) == 11
    assert {identity: result.findings for identity, result in found.items() if result.status is not Status.PASS} == {}


@NEEDS_HOST_IMAGE
def test_what_an_engine_kept_of_a_run_that_is_no_more_is_removed(driver: Driver) -> None:
    """It was down when the run ended; a run that is there keeps its own, and so does another account's."""
    place = driver.root.parent
    driver.host("one").run(["true"])
    with engine_or_refusal() as engine:
        for run_id, where in (("gone", place), ("elsewhere", place / "other")):
            labels = {RUN_LABEL: run_id, PLACE_LABEL: str(where)}
            engine.api.create_network(f"clinical-gate-{run_id}", labels=labels)
    try:
        assert clear_strays(engine_address(), place) == ["gone"]
        assert driver.host("one").run(["true"]).status == 0
    finally:
        with engine_or_refusal() as engine:
            engine.api.remove_network("clinical-gate-elsewhere")
