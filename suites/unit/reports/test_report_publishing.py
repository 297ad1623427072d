"""Publishing: what is written, in which form, and what happens when it cannot be."""

from __future__ import annotations

import stat
import subprocess
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from rich.console import Console

from cli import main
from fixtures import REPOSITORY
from reports import history
from reports.document import DocumentError, decode, encode, read, target_digest
from reports.keys import SigningKeyError, load_public, load_signer
from reports.render.junit import junit
from reports.render.terminal import print_summary
from reports.verify import verify
from reports.writer import PublishError, publish
from suites.unit.reports.report_samples import document


def _say(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


def test_results_are_deterministic_and_read_back() -> None:
    """Equal documents, equal bytes; what is read is what was written."""
    assert encode(document()) == encode(document())
    assert decode(encode(document())) == document()


def test_an_unreadable_document_is_one_sentence(tmp_path: Path) -> None:
    """It names the file and the field."""
    path = tmp_path / "results.json"
    for content, said in ((b"{}", "identity: Field required"), (b"{", "Invalid JSON"), (b"\xff", "the file")):
        path.write_bytes(content)
        with pytest.raises(DocumentError, match=said) as problem:
            read(path)
        assert str(path) in str(problem.value)
    with pytest.raises(DocumentError, match="No such file"):
        read(tmp_path / "none.json")


def test_the_target_digest_is_that_of_its_facts() -> None:
    """Order does not matter, a fact does."""
    assert target_digest("a", {"x": "1", "y": "2"}) == target_digest("a", {"y": "2", "x": "1"})
    assert target_digest("a", {"x": "1"}) != target_digest("a", {"x": "2"})


def test_the_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    """A second report is signed with the same key, which only its owner can read."""
    first = publish(tmp_path / "gate", "run-1", document())
    second = publish(tmp_path / "gate", "run-2", document("run-2"))
    private = tmp_path / "keys/gate.ed25519"
    assert first.verified.keyid == second.verified.keyid
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert load_public(tmp_path / "keys/gate.pub").keyid == first.verified.keyid
    private.chmod(0o644)
    with pytest.raises(PublishError, match="can be read by others"):
        publish(tmp_path / "gate", "run-3", document("run-3"))


def test_a_key_of_ones_own_signs(tmp_path: Path) -> None:
    """One that OpenSSL made; no other key is made."""
    mine = tmp_path / "mine.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(mine)], check=True)
    mine.chmod(0o600)
    made = publish(tmp_path / "gate", "run-1", document(), str(mine))
    assert made.verified.keyid == load_signer(mine).public_key.keyid
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----\n"])
def test_an_unusable_key_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    """It says how to make one."""
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SigningKeyError, match="openssl genpkey"):
        load_signer(path)
    with pytest.raises(SigningKeyError, match="No such file"):
        load_signer(tmp_path / "none")


def test_evidence_is_redacted_and_listed(tmp_path: Path) -> None:
    """The manifest is one that sha256sum checks; binary evidence stays as it is."""
    evidence = {"app.log": b"Authorization: Bearer abcdef0123456789abcdef\n", "a/wire.pcap": b"\x00\xff\x01"}
    folder = publish(tmp_path / "gate", "run-1", document(), evidence=evidence).folder
    assert b"abcdef0123456789" not in (folder / "evidence/app.log").read_bytes()
    assert (folder / "evidence/a/wire.pcap").read_bytes() == b"\x00\xff\x01"
    subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "MANIFEST.sha256"], check=True, cwd=folder / "evidence"
    )


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a//b", "a\nb", ".hidden", "", "a/../b"])
def test_evidence_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    """A name that leaves it, or that a manifest cannot hold, is refused before anything is signed."""
    with pytest.raises(PublishError, match="evidence cannot be named"):
        publish(tmp_path / "gate", "run-1", document(), evidence={name: b""})
    assert not (tmp_path / "gate/latest").exists()


def test_a_run_is_published_once(tmp_path: Path) -> None:
    """A signed report is never overwritten, nor published under another run's name."""
    publish(tmp_path / "gate", "run-1", document())
    with pytest.raises(PublishError, match="holds a signed report already"):
        publish(tmp_path / "gate", "run-1", document())
    with pytest.raises(PublishError, match="is about run run-1"):
        publish(tmp_path / "gate", "run-2", document())


def test_a_broken_history_is_not_extended(tmp_path: Path) -> None:
    """It says which file is broken, and never advises to begin a new one."""
    root = tmp_path / "gate"
    publish(root, "run-1", document())
    (root / history.HISTORY).write_text("{}\n")
    with pytest.raises(PublishError, match=r"Line 1 of .*history\.jsonl is no entry .* Restore it from a copy\.$"):
        publish(root, "run-2", document("run-2"))


def test_runs_that_end_together_make_one_history(tmp_path: Path) -> None:
    """Eight at once: every number once, one chain, no draft left."""
    root = tmp_path / "gate"
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda i: publish(root, f"run-{i}", document(f"run-{i}")), range(8)))
    assert sorted(d.verified.statement.predicate.sequence for d in done) == list(range(1, 9))
    entries = history.read(root / history.HISTORY)
    newest = next(d for d in done if d.folder.name == entries[-1].run_id)
    assert verify(root / "latest", load_public(newest.public_key)).document.identity.run_id == entries[-1].run_id
    assert list(tmp_path.rglob("*.draft")) == []


def test_junit_counts_what_is_not_green() -> None:
    """FAIL is a failure with its finding and remedy, UNKNOWN an error."""
    root = ET.fromstring(junit(document(failing=True)))  # noqa: S314  our own
    assert [root.get(k) for k in ("tests", "failures", "errors", "skipped")] == ["3", "1", "1", "0"]
    failure = root.find(".//failure")
    assert failure is not None
    assert (failure.get("message"), "ssl_protocols TLSv1.2;" in str(failure.text)) == ("It was accepted.", True)


def _summary(width: int, *, failing: bool) -> str:
    console = Console(width=width, no_color=True, force_terminal=False, record=True, highlight=False, quiet=False)
    with console.capture() as captured:
        print_summary(
            document(failing=failing),
            folder=Path("build/gate/run-1"),
            console=console,
            verify_command="clinical-gate report verify build/gate/run-1 --key build/keys/gate.pub",
        )
    return captured.get()


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_summary_says_what_the_board_needs(width: int) -> None:
    """In 80 columns and without colour, too."""
    text = _summary(width, failing=True)
    assert max(len(line) for line in text.splitlines()) <= width
    flat = " ".join(text.split())
    for needed in (
        "REJECTED",
        "score",
        "room/legacy_protocols_refused",
        "hipaa:164.312(e)(1)",
        "ssl_protocols TLSv1.2;",
        "UNKNOWN",
        "the port was closed",
        "Recovery drills: RTO of writes and of reads",
        "7.31 s",
        "0 of 1834",
        "SIGKILL of every process of pg1",
        "120 users",
        "3 of 3 checks proven able to fail",
        "results.json",
        "clinical-gate report verify",
    ):
        assert needed in flat


def test_the_summary_of_an_approval_is_plain() -> None:
    """No failure section."""
    text = _summary(80, failing=False)
    assert ("APPROVED" in text, "Failed (" in text) == (True, False)


def test_verify_tells_by_exit_code(tmp_path: Path) -> None:
    """0 holds, 1 does not, 2 unreadable, 3 unknown; an unpinned key is said plainly."""
    folder = publish(tmp_path / "gate", "run-1", document()).folder
    pinned = _say("verify", folder, "--key", tmp_path / "keys/gate.pub")
    assert (pinned.exit_code, "HOLDS" in pinned.output, "not pinned" in pinned.output) == (0, True, False)
    unpinned = _say("verify", folder)
    assert (unpinned.exit_code, "The key is not pinned" in unpinned.output) == (3, True)
    assert unpinned.output.startswith("UNKNOWN whose key it is")
    (tmp_path / "gate" / history.HISTORY).rename(tmp_path / "kept.jsonl")
    key = ("--key", tmp_path / "keys/gate.pub")
    assert _say("verify", folder, *key).exit_code == 3
    assert _say("verify", folder, *key, "--history", tmp_path / "kept.jsonl").exit_code == 0
    assert _say("verify", folder, "--history", tmp_path / "none.jsonl").exit_code == 1
    (folder / "junit.xml").write_bytes(b"")
    altered = _say("verify", folder)
    assert (altered.exit_code, "DOES NOT HOLD: junit.xml altered." in altered.output) == (1, True)
    for arguments in (
        ("verify", tmp_path / "none"),
        ("verify", tmp_path),
        ("verify", folder, "--key", folder / "junit.xml"),
    ):
        refused = _say(*arguments)
        assert (refused.exit_code, refused.output.count("\n"), "Traceback" in refused.output) == (2, 1, False)


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (("--kind", "drill"), "another kind of run. Run run-1 was a gate, not a drill."),
        (("--subject", "St. Jude"), "another target. The report is about"),
        (("--policy", "aimedres"), "another policy. It was judged by the policy default"),
    ],
)
def test_an_approval_answers_no_other_question(asked: tuple[str, str], refusal: str, tmp_path: Path) -> None:
    folder = publish(tmp_path / "gate", "run-1", document()).folder
    key = ("--key", tmp_path / "keys/gate.pub")
    refused = _say("verify", folder, *key, *asked)
    assert (refused.exit_code, f"DOES NOT HOLD: {refusal}" in refused.output) == (1, True)
    right = ("--kind", "gate", "--subject", "reference stack", "--policy", "default")
    assert _say("verify", folder, *key, *right).exit_code == 0


def test_a_drill_in_a_gates_place_is_none(tmp_path: Path) -> None:
    """The folder's name says nothing: what was signed does, and a weaker policy of the same name is another one."""
    published = publish(tmp_path / "gate", "run-1", document(kind="drill"))
    key = ("--key", tmp_path / "keys/gate.pub")
    assert "another kind of run" in _say("verify", published.folder, *key).output
    assert _say("verify", published.folder, *key, "--kind", "drill").exit_code == 0
    assert published.verify_command.endswith("--kind drill")
    weaker = tmp_path / "weaker.toml"
    default = (REPOSITORY / "checks/policies/default.toml").read_text()
    weaker.write_text(default.replace("[recovery]\n", "[recovery]\nrto_s = 86400\n"))
    refused = _say("verify", published.folder, *key, "--kind", "drill", "--policy", weaker)
    assert (refused.exit_code, "another policy" in refused.output) == (1, True)


def test_a_name_that_only_looks_the_same_is_shown_for_what_it_is(tmp_path: Path) -> None:
    """A Cyrillic letter, spelled out."""
    folder = publish(tmp_path / "gate", "run-1", document(name="St. Jud\u0435")).folder
    refused = _say("verify", folder, "--key", tmp_path / "keys/gate.pub", "--subject", "St. Jude")
    assert (refused.exit_code, r"St. Jud\u0435" in refused.output) == (1, True)


def test_the_command_that_is_printed_pins_no_key_of_the_report_itself(tmp_path: Path) -> None:
    """With a key of the signer's own, whoever altered the report could have put another public key beside it."""
    signing = tmp_path / "signer.pem"
    key = Ed25519PrivateKey.generate()
    signing.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    signing.chmod(0o600)
    assert publish(tmp_path / "gate", "run-1", document(), str(signing)).verify_command.endswith(" --key PUB")


def test_show_and_history_print_what_holds(tmp_path: Path) -> None:
    """Show verifies first; history lists every run."""
    folder = publish(tmp_path / "gate", "run-1", document()).folder
    publish(tmp_path / "gate", "run-2", document("run-2", failing=True))
    shown = _say("show", tmp_path / "gate/latest")
    assert (shown.exit_code, "REJECTED" in shown.output) == (0, True)
    superseded = _say("show", folder)
    assert (superseded.exit_code, "not the newest report" in superseded.output) == (1, True)
    listed = _say("history", tmp_path / "gate")
    assert (listed.exit_code, "run-1" in listed.output, "run-2" in listed.output) == (0, True, True)
    assert _say("history", tmp_path / "none").exit_code == 2
