"""A key file, a token behind PKCS#11 and a command sign alike; each says in one sentence why it cannot."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main
from reports.keys import PUBLIC, SigningKeyError, load_public, load_signer, public_pem
from reports.signers.asking import ask
from reports.signers.command import command_signer
from reports.signers.opening import open_signer, signer_kind
from reports.verify import verify
from reports.writer import PublishError, publish
from suites.unit.reports.board_samples import BoardRoom, report_of
from suites.unit.reports.report_samples import document
from suites.unit.reports.signer_samples import PIN, SoftToken, command, key_file, soft_token

KINDS = ("key file", "PKCS#11 token", "command")
LONG = bytes(range(256)) * 2000  # more than any buffer between us and what signs


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return key_file(tmp_path / "signer.pem")


@pytest.fixture
def token(tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    return soft_token(tmp_path, key, monkeypatch)


def _given(kind: str, tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if kind == "PKCS#11 token":
        return soft_token(tmp_path, key, monkeypatch).uri()
    return command(tmp_path, key) if kind == "command" else str(key)


@contextmanager
def _refused(*said: str) -> Iterator[None]:
    with pytest.raises(SigningKeyError) as refusal:
        yield
    sentence = str(refusal.value)
    assert all(words in sentence for words in said), sentence
    assert "\n" not in sentence
    assert not any(secret in sentence for secret in (PIN, "hunter2"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_signer_signs_a_report_that_verifies(
    kind: str, tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the public key that it shows, and with no other; Ed25519 gives the same signature wherever the key is."""
    given = _given(kind, tmp_path, key, monkeypatch)
    assert signer_kind(given) == kind
    made = publish(tmp_path / "gate", "run-1", document(), given)
    public = tmp_path / "signer.pub"
    public.write_bytes(public_pem(load_signer(key)))

    assert verify(made.folder, load_public(public), demand_history=True).newest
    assert (made.folder / PUBLIC).read_bytes() == public.read_bytes()
    assert open_signer(given).sign(LONG).signature == load_signer(key).sign(LONG).signature


@pytest.mark.parametrize("kind", KINDS)
def test_every_signer_approves_for_a_role(
    kind: str, tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second signature is by who did not run the gate, wherever that key is."""
    room = BoardRoom(tmp_path)
    made = room.publish(report_of())
    (tmp_path / "elsewhere.pub").write_bytes(public_pem(load_signer(key)))
    signoff = room.signoff(roles={"security": "elsewhere"})
    given = _given(kind, tmp_path, key, monkeypatch)
    role = ["report", "approve", str(made.folder), "--signoff", str(signoff), "--role", "security", "--key", given]
    done = CliRunner().invoke(main, role)
    assert done.exit_code == 0, done.output
    asked = CliRunner().invoke(main, ["report", "verify", str(made.folder), "--signoff", str(signoff)])
    assert (asked.exit_code, "SIGNED OFF by security" in asked.output) == (0, True), asked.output


def test_a_token_says_what_is_wrong(token: SoftToken, monkeypatch: pytest.MonkeyPatch) -> None:
    """PIN, token, key, library: each by its name, and never the PIN."""
    monkeypatch.setenv("GATE_PIN", PIN)
    assert open_signer(token.uri(pin="env:GATE_PIN")).public_key == open_signer(token.uri()).public_key
    monkeypatch.setenv("GATE_PIN", "000000")
    for uri, said in (
        (token.uri(pin="env:GATE_PIN"), "PinIncorrect"),
        (token.uri(label="other"), "NoSuchToken"),
        (token.uri(key="other"), "NoSuchKey"),
        (token.uri(module=Path("/nowhere/pkcs11.so")), "/nowhere/pkcs11.so"),
        (token.uri(pin="env:NO_SUCH_VARIABLE"), "the variable NO_SUCH_VARIABLE of the environment has nothing in it"),
        (token.uri(pin="file:/nowhere/pin"), "cannot read /nowhere/pin"),
    ):
        with _refused(said):
            open_signer(uri)
    token.pin_file.chmod(0o644)
    with _refused("can be read by others: chmod 600"):
        open_signer(token.uri())


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        (f"pkcs11:token=gate;object=signer?module-path=/m.so&pin-value={PIN}", "give pin-source in its place"),
        ("pkcs11:token=gate;object=signer", "says nothing of module-path"),
        ("pkcs11:object=signer?module-path=/m.so", "says nothing of token or serial"),
        ("pkcs11:token=gate?module-path=/m.so", "says nothing of object or id"),
        ("pkcs11:token=gate;object=signer;type=public?module-path=/m.so", "names a public object"),
        ("pkcs11:token=gate;object=signer;colour=red?module-path=/m.so", "not known: colour"),
        ("pkcs11:token=gate;token=other;object=signer?module-path=/m.so", "twice token"),
    ],
)
def test_a_uri_that_says_too_little_or_too_much_is_refused(uri: str, said: str) -> None:
    """Before any library is loaded."""
    with _refused(said):
        open_signer(uri)


def test_a_command_may_answer_in_base64(tmp_path: Path, key: Path) -> None:
    """As the command lines of clouds do."""
    given = command(tmp_path, key, sign="print(base64.b64encode(key.sign(message)).decode())")
    assert open_signer(given).sign(b"x").signature == load_signer(key).sign(b"x").signature


@pytest.mark.parametrize(
    ("sign", "said"),
    [
        ("sys.exit('no right to sign')", "ended with status 1: no right to sign"),
        ("sys.exit('token=hunter2hunter2')", "ended with status 1: token=[redacted: secret]"),
        ("sys.stdout.write('sorry')", "printed 5 bytes, and not a signature"),
        ("sys.stdout.buffer.write(bytes(64))", "something else than a signature by the key that it shows"),
        ("sys.stdout.buffer.write(key.sign(message + b'.'))", "something else than a signature by the key"),
        ("sys.stdout.write('x' * 10_000_000)", "printed more than 65536 bytes"),
        ("sys.stderr.write('x' * 10_000_000)", "printed more than 65536 bytes"),
    ],
)
def test_what_a_command_answers_is_not_believed(tmp_path: Path, key: Path, sign: str, said: str) -> None:
    """It is verified with the key that it showed, before anything is written."""
    signer = open_signer(command(tmp_path, key, sign=sign))
    with _refused("the signing command python", said):
        signer.sign(b"a report")


def test_a_command_that_does_not_answer_is_not_waited_for(tmp_path: Path, key: Path) -> None:
    """Nor what it started."""
    given = command(tmp_path, key, sign="time.sleep(600)")
    began = time.monotonic()
    with _refused("did not answer within 2 s"):
        command_signer(given, timeout_s=2).sign(b"a report")
    with _refused("the child did not answer within 0.5 s"):  # nor does it read
        ask(["sh", "-c", "sleep 600 & sleep 600"], LONG, name="the child", timeout_s=0.5)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("stream", ["1", "2"])
def test_a_program_that_prints_without_end_is_ended(stream: str) -> None:
    """On either stream, long before its time is over: what it prints is on a disk."""
    began = time.monotonic()
    with _refused("the child printed more than 65536 bytes"):
        ask(["sh", "-c", f"while :; do echo much more than this; done >&{stream}"], b"", name="the child", timeout_s=60)
    assert time.monotonic() - began < 30


def test_a_signer_that_fails_leaves_no_report(tmp_path: Path, key: Path) -> None:
    """One sentence, no envelope, and nothing that a later run takes for a report."""
    given = command(tmp_path, key, sign="sys.exit('no right to sign')")
    with pytest.raises(PublishError, match=r"the signing command python.* ended with status 1: no right to sign"):
        publish(tmp_path / "gate", "run-1", document(), given)
    assert not (tmp_path / "gate/run-1/report.dsse.json").exists()
    assert not (tmp_path / "gate/latest").exists()
    command(tmp_path, key)
    assert publish(tmp_path / "gate", "run-2", document("run-2"), given).verified.newest


def test_what_a_command_leaves_running_keeps_nobody_waiting(tmp_path: Path) -> None:
    """Such as an agent that holds its output open, in a session of its own."""
    left = tmp_path / "pid"
    began = time.monotonic()
    agent = f"setsid sh -c 'echo $$ > {left}; exec sleep 600' & until [ -s {left} ]; do sleep 0.01; done; echo done"
    try:
        assert ask(["sh", "-c", agent], LONG, name="the child", timeout_s=20) == b"done\n"
        assert time.monotonic() - began < 15
    finally:
        os.kill(int(left.read_text()), signal.SIGKILL)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("command:", "names no program"),
        ("command:'", "cannot be read: No closing quotation"),
        ("command:/nowhere/sign", "the signing command sign cannot be run: No such file or directory"),
        ("command:echo hunter2", "echo prints no Ed25519 public key"),
        ("command:false", "the signing command false ended with status 1"),
    ],
)
def test_a_command_that_cannot_sign_is_refused_at_once(given: str, said: str) -> None:
    """Its arguments are told to nobody."""
    with _refused(said):
        open_signer(given)
