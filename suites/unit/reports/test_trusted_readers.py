"""Every command that reads a report takes a trust file, too, and reads nothing that its keys did not sign."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import tomli_w
from click.testing import CliRunner, Result
from securesystemslib.signer import (  # type: ignore[attr-defined]  # it re-exports without __all__
    CryptoSigner,
    SSlibKey,
)

from cli import main
from commands.report.signer import SignerOptions
from fixtures.services.npm import NpmPackages
from reports import clock
from reports.envelope import exact
from reports.files import point_link
from reports.keys import PUBLIC, public_pem
from reports.refusals import Refusal, VerificationError
from reports.sign import ENVELOPE, sign
from reports.statement import Statement
from reports.verify import Verified, verify
from reports.writer import Published, publish
from suites.unit.reports.board_samples import BoardRoom, report_of
from suites.unit.reports.report_samples import START, document
from suites.unit.reports.signer_samples import key_file

NEVER = "0" * 64


@pytest.fixture
def reports(tmp_path: Path) -> tuple[Published, Published]:
    root = tmp_path / "gate"
    return publish(root, "run-1", document("run-1")), publish(root, "run-2", document("run-2"))


def _trust(tmp_path: Path, keyid: str, **changes: object) -> Path:
    valid = {"valid_from": START - timedelta(days=1), "valid_until": clock.now() + timedelta(days=1)}
    path = tmp_path / "trust.toml"
    path.write_text(tomli_w.dumps({"key": [{"id": keyid, "owner": "St. Jude", **valid, **changes}]}))
    return path


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


def _readers(old: Published, new: Published) -> dict[str, list[object]]:
    return {
        "export": ["export", new.folder, "--format", "csv"],
        "diff": ["diff", old.folder, new.folder],
        "board": ["board", new.folder],
        "show": ["show", new.folder],
    }


@pytest.mark.parametrize("name", ["export", "diff", "board", "show"])
def test_a_trust_file_says_whose_report_is_read(
    name: str, reports: tuple[Published, Published], tmp_path: Path
) -> None:
    command = _readers(*reports)[name]
    trusted = _run(*command, "--trust", _trust(tmp_path, reports[0].verified.keyid))
    assert trusted.exit_code == 0, trusted.output

    strange = _run(*command, "--trust", _trust(tmp_path, NEVER))
    assert (strange.exit_code, strange.stdout) == (1, "")
    assert "key not in the trust file" in strange.stderr

    expired = {"valid_until": START - timedelta(hours=1)}
    late = _run(*command, "--trust", _trust(tmp_path, reports[0].verified.keyid, **expired))
    assert (late.exit_code, late.stdout) == (1, "")
    assert "key not valid then" in late.stderr


@pytest.mark.parametrize("name", ["export", "diff", "board"])
def test_whose_report_it_is_must_be_said(name: str, reports: tuple[Published, Published]) -> None:
    told = _run(*_readers(*reports)[name])
    assert (told.exit_code, told.stdout) == (2, "")
    assert "say whose report it is with --key PUB" in told.stderr


def test_a_report_from_before_its_key_counted_is_compared_with_nothing(tmp_path: Path) -> None:
    room, now = BoardRoom(tmp_path), clock.now()
    older = room.publish(report_of("run-1", ended=now - timedelta(days=4)))
    newer = room.publish(report_of("run-2", ended=now))
    for days, said in ((5, "Run run-1 of"), (1, "No earlier report on this target was approved")):
        trust = _trust(tmp_path, older.verified.keyid, valid_from=now - timedelta(days=days))
        done = _run("board", newer.folder, "--trust", trust)
        assert done.exit_code == 0, done.output
        assert said in (newer.folder / "board.html").read_text()


@pytest.mark.parametrize("name", ["export", "board", "show"])
def test_that_nobody_knows_whether_it_is_the_newest_is_unknown(
    name: str, reports: tuple[Published, Published], tmp_path: Path
) -> None:
    (tmp_path / "gate" / "history.jsonl").unlink()
    told = _run(*_readers(*reports)[name], "--key", reports[1].public_key)
    assert told.exit_code == 3, told.output
    assert name == "show" or "UNKNOWN whether it is the newest report" in told.stderr


def _resigned(folder: Path, signer: CryptoSigner) -> None:
    """The same report, signed by somebody else, with their public key beside it."""
    envelope = folder / ENVELOPE
    statement = Statement.model_validate_json(exact(envelope.read_bytes(), ENVELOPE).payload)
    envelope.write_bytes(sign(statement, signer))
    (folder / PUBLIC).write_bytes(public_pem(signer))


def test_who_is_trusted_is_who_signed_what_was_verified(tmp_path: Path) -> None:
    """Also where the report is replaced by a stranger's after the trust file was asked who signed it."""
    made = publish(tmp_path / "gate", "run-1", document(), str(key_file(tmp_path / "mine.pem")))
    asked = SignerOptions(None, _trust(tmp_path, made.verified.keyid))
    stranger = CryptoSigner.generate_ed25519()

    def late(_: SSlibKey) -> Verified:
        _resigned(made.folder, stranger)
        made.folder.parent.joinpath("history.jsonl").unlink()
        return verify(made.folder, stranger.public_key)

    with pytest.raises(VerificationError) as refused:
        asked.verified(made.folder, late)
    assert refused.value.refusal is Refusal.WRONG_KEY
    with pytest.raises(VerificationError) as refused:
        SignerOptions(made.folder / PUBLIC).earlier(made.folder, made.verified, None)
    assert refused.value.refusal is Refusal.WRONG_KEY


@pytest.mark.parametrize("name", ["export", "board", "show", "open", "verify"])
def test_a_command_reads_the_report_that_latest_named_when_it_began(
    name: str, reports: tuple[Published, Published], monkeypatch: pytest.MonkeyPatch
) -> None:
    latest = reports[1].folder.parent / "latest"
    seen: list[Path] = []

    def flips(_self: SignerOptions, folder: Path, *_: object) -> None:
        seen.append(folder)
        point_link(latest, "run-1")
        raise VerificationError(Refusal.TOO_OLD, "seen")

    monkeypatch.setattr(SignerOptions, "verified", flips)
    monkeypatch.setattr(NpmPackages, "install", lambda _: None)
    options = {"export": ["--format", "csv"], "open": ["--no-browser"]}.get(name, [])
    assert _run(name, latest, "--key", reports[1].public_key, *options).exit_code == 1
    assert seen == [reports[1].folder]
