"""Machines as testinfra URIs: this one, and one behind a real sshd; what cannot be reached is told."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from checks.application import Trail
from checks.catalogue import read
from checks.evaluate import evaluate
from checks.model import CannotLookError, Result, Status
from checks.policy import load_policy
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import TargetFile
from fixtures.targets.api.opener import log_trail
from fixtures.targets.hosts.machine import Machine
from fixtures.wait import wait_for

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin")
NEEDS_SSHD = pytest.mark.skipif(SSHD is None, reason="openssh-server is not installed")
KEYS = "hosts/private_keys_not_readable"
SSHD_CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/identity.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
"""
SSH_CONFIG = """
Host ward
  HostName 127.0.0.1
  Port {port}
  User {user}
  UserKnownHostsFile {folder}/known_hosts
  IdentitiesOnly yes
Host gone
  HostName 127.0.0.1
  Port 1
"""


@dataclass(frozen=True)
class Ward:
    """How a machine is reached: ``ssh://ward``, by this configuration and this key; ``pid`` is its sshd."""

    config: Path
    identity: Path
    pid: int


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """A real sshd on loopback, with keys of its own."""
    folder = tmp_path_factory.mktemp("ssh")
    for name in ("host_key", "identity", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    values = {"port": port, "folder": folder, "user": getpass.getuser()}
    (folder / "sshd_config").write_text(SSHD_CONFIG.format(**values))
    (folder / "ssh_config").write_text(SSH_CONFIG.format(**values))
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {(folder / 'host_key.pub').read_text()}")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # Debian's sshd wants it; systemd makes it where there is one
    argv = [str(SSHD), "-D", "-e", "-f", str(folder / "sshd_config")]
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(lambda: _answers(port), what="sshd answers", timeout_s=10, interval_s=0.05)
            yield Ward(folder / "ssh_config", folder / "identity", server.pid)
        finally:
            server.terminate()


def _answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        return connection.recv(4) == b"SSH-"


def _key(folder: Path, mode: int = 0o600, name: str = "service.key") -> Path:
    key = folder / name
    key.write_text("secret")
    key.chmod(mode)
    return key


def _judged(section: dict[str, object], check: str = KEYS) -> Result:
    target = TargetFile.model_validate({"name": "mine", "hosts": section})
    return evaluate(read(check), Deployment(target).find, load_policy("default"), target="mine")


def _through(ward: Ward, *uris: str) -> dict[str, object]:
    return {"uris": uris, "ssh_config": ward.config, "ssh_identity_file": ward.identity}


@NEEDS_SSHD
def test_each_machine_has_findings_of_its_own(ward: Ward, tmp_path: Path) -> None:
    """A key is looked at on each that has it, a bad mode is seen over ssh, and a link is followed."""
    key = _key(tmp_path, 0o640)
    (tmp_path / "link.key").symlink_to(key)
    result = _judged({"private_keys": [key, tmp_path / "link.key"], **_through(ward, "local://", "ssh://ward")})
    assert [(f.subject, f.ok, f.message.partition(",")[0]) for f in result.findings] == [
        (f"private key {path}{at}", False, "mode 0640")
        for at in ("", " on ssh://ward")
        for path in (key, tmp_path / "link.key")
    ]


@NEEDS_SSHD
def test_processes_are_seen_over_ssh(ward: Ward) -> None:
    """The server itself, whom it runs as, and where it works."""
    machine = Machine("ssh://ward", ward.config, ward.identity)
    [seen] = [process for process in machine.processes({"sshd"}) if process.pid == ward.pid]
    assert (seen.user, seen.directory, seen.harness) == (getpass.getuser(), "/", False)


@NEEDS_SSHD
def test_a_trail_in_a_log_of_another_machine_is_read(ward: Ward, tmp_path: Path) -> None:
    """Whole lines after the mark, whatever stands in them; what is not there, or no log, is told."""
    log = tmp_path / "access.log"
    log.write_text('{"user":"early"}\n')
    description = Trail(kind="log", file=str(log), fields={"username": "user"})
    hosts = {"private_keys": [], **_through(ward, "ssh://ward")}
    site = Deployment(TargetFile.model_validate({"name": "mine", "hosts": hosts})).site
    trail = log_trail(site, description)
    mark = trail.mark()
    with log.open("a") as handle:
        handle.write('{"user":"ada\u2028end-of-look"}\n{"user":"br')
    assert [entry.username for entry in trail.since(mark, at_least=1)] == ["ada\u2028end-of-look"]
    log.unlink()
    with pytest.raises(CannotLookError, match=r"ssh://ward: tail: .*No such file"):
        trail.since(0, at_least=1)
    assert trail.mark() == 0


@NEEDS_SSHD
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_machine_that_cannot_be_reached_is_unknown_and_hides_nothing(ward: Ward, mode: int, tmp_path: Path) -> None:
    """What the others show is kept; a failure among it stays one."""
    key = _key(tmp_path, mode)
    result = _judged({"private_keys": [key], **_through(ward, "ssh://gone", "local://")})
    assert [f.ok for f in result.findings] == [mode == 0o600]
    assert result.status is (Status.UNKNOWN if mode == 0o600 else Status.FAIL)
    assert "ssh://gone cannot be looked at: " in result.explanation
    assert "Connection refused" in result.explanation


@NEEDS_SSHD
def test_a_wrong_identity_is_told_without_asking_anybody(ward: Ward) -> None:
    """No password is asked for: a run has nobody to answer."""
    stranger = ward.identity.with_name("stranger")
    with pytest.raises(CannotLookError, match=r"ssh://ward cannot be looked at: .*Permission denied \(publickey"):
        Machine("ssh://ward", ward.config, stranger).processes({"sshd"})


@pytest.mark.parametrize("uri", ["docker://no-such-container", "kubectl://no-such-pod?namespace=clinic"])
def test_a_container_that_cannot_be_reached_is_unknown(uri: str, tmp_path: Path) -> None:
    """Whether it is the container, the daemon or the program that is not there."""
    for check in (KEYS, "hosts/stores_not_run_as_root"):
        result = _judged({"private_keys": [_key(tmp_path)], "uris": [uri]}, check)
        assert result.status is Status.UNKNOWN
        assert f"{uri} cannot be looked at: " in result.explanation


def test_a_key_that_is_on_no_machine_is_told(tmp_path: Path) -> None:
    """After those that are."""
    result = _judged({"private_keys": [tmp_path / "gone.key", _key(tmp_path, name="a key; touch x.key")]})
    assert (result.status, len(result.findings)) == (Status.UNKNOWN, 1)
    assert result.explanation == f"{tmp_path / 'gone.key'} does not exist, or this account may not see it"
    assert not Path("x.key").exists()


@pytest.mark.parametrize(
    "uri",
    [
        "ssh://",
        "ssh://-oProxyCommand=x",
        "ssh://a b",
        "ansible://all",
        "local://x",
        "db1",
        "ssh://h/path",
        "docker://$(x)",
    ],
)
def test_what_names_no_machine_is_refused(uri: str) -> None:
    """Nothing of it reaches a shell."""
    with pytest.raises(ValueError, match="is no machine: write local://, ssh://user@host"):
        TargetFile.model_validate({"name": "mine", "hosts": {"private_keys": [], "uris": [uri]}})


@pytest.mark.parametrize("uri", ["local://", "local://?sudo=true", "ssh://root@[::1]:22", "kubectl://p?namespace=c"])
def test_what_names_a_machine_is_taken(uri: str) -> None:
    assert TargetFile.model_validate({"name": "mine", "hosts": {"private_keys": [], "uris": [uri]}}).hosts
