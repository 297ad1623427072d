"""Times that a signer says of himself, against those of a real time stamping authority (RFC 3161)."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import tomli_w
from click.testing import CliRunner, Result

from cli import main
from reports import clock
from reports.document import ReportDocument
from reports.sign import ENVELOPE
from reports.timestamp import STAMP, request_for
from reports.writer import Published, publish
from suites.unit.reports.report_samples import document
from suites.unit.reports.stamping_authority import StampingAuthority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> StampingAuthority:
    return StampingAuthority(tmp_path_factory.mktemp("tsa") / "own")


def _ended(hours_ago: float, run_id: str = "run-1") -> ReportDocument:
    made = document(run_id)
    ended = clock.now() - timedelta(hours=hours_ago)
    times = {"started": ended - timedelta(minutes=5), "ended": ended}
    return made.model_copy(update={"identity": made.identity.model_copy(update=times)})


def _published(tmp_path: Path, hours_ago: float = 0.01) -> Published:
    return publish(tmp_path / "gate", "run-1", _ended(hours_ago))


def _say(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


def _verify(published: Published, *options: object) -> Result:
    return _say("verify", published.folder, "--key", published.public_key, *options)


def test_an_authority_attests_when_a_report_was_there(tmp_path: Path, authority: StampingAuthority) -> None:
    published = _published(tmp_path)
    missing = _verify(published, "--tsa", authority.root)
    assert (missing.exit_code, "DOES NOT HOLD: no time stamp." in missing.output) == (1, True)
    with authority.serving():
        assert _say("timestamp", published.folder, "--url", authority.url).exit_code == 0
        again = _say("timestamp", published.folder, "--url", authority.url)
    assert (again.exit_code, "has a time stamp already" in again.output) == (2, True)
    told = _verify(published, "--tsa", authority.root, "--strict")
    assert (told.exit_code, "attests that it was there at" in told.output) == (0, True)
    assert json.loads(_verify(published, "--tsa", authority.root, "--json").output)["attested"].startswith("20")


def test_a_clock_that_was_set_back_for_the_run_is_told(tmp_path: Path, authority: StampingAuthority) -> None:
    """All times of the report are a day old, and agree with one another."""
    published = _published(tmp_path, hours_ago=24)
    assert _verify(published, "--strict").exit_code == 0, "without an authority nobody can tell"
    with authority.serving():
        _say("timestamp", published.folder, "--url", authority.url)
    told = _verify(published, "--tsa", authority.root)
    assert (told.exit_code, "24 h after it says that its run ended" in told.output) == (0, True)
    assert _verify(published, "--tsa", authority.root, "--strict").exit_code == 1


def test_a_run_does_not_end_after_it_was_stamped(tmp_path: Path, authority: StampingAuthority) -> None:
    """A clock that was ahead, by less than what is refused without an authority."""
    published = publish(tmp_path / "gate", "run-1", _ended(-0.05))
    with authority.serving():
        _say("timestamp", published.folder, "--url", authority.url)
    refused = _verify(published, "--tsa", authority.root)
    assert (refused.exit_code, "and was stamped before" in refused.output) == (1, True)


def test_the_stamp_of_another_report_or_authority_attests_nothing(tmp_path: Path, authority: StampingAuthority) -> None:
    """Nor does one in which a bit was flipped."""
    published = _published(tmp_path)
    envelope = (published.folder / ENVELOPE).read_bytes()
    honest = authority.answer(request_for(envelope).as_bytes())
    other = StampingAuthority(tmp_path / "other").answer(request_for(envelope).as_bytes())
    flipped = bytearray(honest)
    flipped[len(flipped) // 2] ^= 1
    foreign = authority.answer(request_for(b"another report").as_bytes())
    for stamp in (other, bytes(flipped), foreign, b"", b"\x30\x00", honest[:-40]):
        (published.folder / STAMP).write_bytes(stamp)
        refused = _verify(published, "--tsa", authority.root)
        assert (refused.exit_code, "time stamp does not fit" in refused.output) == (1, True)
    (published.folder / STAMP).write_bytes(honest)
    assert _verify(published, "--tsa", authority.root).exit_code == 0


def test_a_revoked_key_signed_what_was_stamped_before(tmp_path: Path, authority: StampingAuthority) -> None:
    """Without any head: the authority is believed, the signer is not."""
    published = _published(tmp_path)
    known = {"id": published.verified.keyid, "owner": "St. Jude"}
    window = {"valid_from": clock.now() - timedelta(days=9), "valid_until": clock.now() + timedelta(days=9)}
    trust = tmp_path / "trust.toml"
    revoked = known | window | {"revoked_at": clock.now() + timedelta(hours=1)}
    trust.write_text(tomli_w.dumps({"key": [revoked]}))
    with authority.serving():
        _say("timestamp", published.folder, "--url", authority.url)
    assert _verify(published, "--trust", trust).exit_code == 1
    assert _verify(published, "--trust", trust, "--tsa", authority.root).exit_code == 0
    trust.write_text(tomli_w.dumps({"key": [revoked | {"revoked_at": clock.now() - timedelta(hours=1)}]}))
    assert _verify(published, "--trust", trust, "--tsa", authority.root).exit_code == 1


@pytest.mark.parametrize("said", [b"", b"<html>", b"\x30\x03\x30\x01\x02"])
def test_what_is_no_answer_is_not_kept(said: bytes, tmp_path: Path, authority: StampingAuthority) -> None:
    """One sentence, and nothing is written."""
    published = _published(tmp_path)
    with authority.serving(said):
        refused = _say("timestamp", published.folder, "--url", authority.url)
    assert (refused.exit_code, refused.output.count("\n"), (published.folder / STAMP).exists()) == (2, 1, False)


def test_the_answer_to_another_request_is_not_kept(tmp_path: Path, authority: StampingAuthority) -> None:
    """Of the same report, but of an earlier time: its nonce is another."""
    published = _published(tmp_path)
    old = authority.answer(request_for((published.folder / ENVELOPE).read_bytes()).as_bytes())
    with authority.serving(old):
        refused = _say("timestamp", published.folder, "--url", authority.url)
    assert (refused.exit_code, "did not grant" in refused.output, (published.folder / STAMP).exists()) == (
        2,
        True,
        False,
    )


def test_an_authority_that_is_not_there_is_one_sentence(tmp_path: Path, authority: StampingAuthority) -> None:
    published = _published(tmp_path)
    for url in ("http://127.0.0.1:9/tsr", "no url", "ftp://127.0.0.1/"):
        refused = _say("timestamp", published.folder, "--url", url)
        assert (refused.exit_code, refused.output.count("\n")) == (2, 1), refused.output
    for roots in (tmp_path / "none.pem", published.folder / "results.json"):
        unreadable = _verify(published, "--tsa", roots)
        assert (unreadable.exit_code, unreadable.output.count("\n")) == (2, 1), unreadable.output
    assert authority.root.exists()
