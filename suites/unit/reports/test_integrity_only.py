"""A key that a machine made for itself proves that nothing was altered, and not who ran the gate: reports say so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main
from reports.verify import INTEGRITY_ONLY
from reports.writer import Published, publish
from suites.unit.reports.report_samples import document
from suites.unit.reports.signer_samples import key_file


def _told(published: Published, *arguments: str) -> str:
    command = ["report", *arguments, str(published.folder), "--key", str(published.folder / "gate.pub")]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("chosen", [False, True])
def test_a_report_says_what_its_signature_proves(tmp_path: Path, *, chosen: bool) -> None:
    """In the summary of the run, in what verifies it, on the board's page, and in what is signed."""
    key = str(key_file(tmp_path / "mine.pem")) if chosen else None
    made = publish(tmp_path / "gate", "run-1", document(), key)
    assert made.verified.document.signer == ("key file" if chosen else "machine key")
    assert (INTEGRITY_ONLY in made.trust) is not chosen
    assert (INTEGRITY_ONLY in _told(made, "verify")) is not chosen
    assert ("proves integrity only" in " ".join(_told(made, "show").split())) is not chosen
    _told(made, "board")
    assert (INTEGRITY_ONLY in (made.folder / "board.html").read_text()) is not chosen
    said = json.loads(_told(made, "verify", "--json"))
    assert (said["signed_by"], said["proves"]) == (
        ("key file", "integrity and signer") if chosen else ("machine key", "integrity only")
    )


def test_the_file_of_the_machines_own_key_is_no_key_that_somebody_chose(tmp_path: Path) -> None:
    """Also by another path: a scheduler gives it from the second night on."""
    publish(tmp_path / "gate", "run-1", document())
    link = tmp_path / "night.ed25519"
    link.symlink_to(tmp_path / "keys" / "gate.ed25519")
    for run_id, key in (("run-2", tmp_path / "keys" / "gate.ed25519"), ("run-3", link)):
        made = publish(tmp_path / "gate", run_id, document(run_id), str(key), registers=tmp_path / "keys" / "registers")
        assert made.verified.document.signer == "machine key"
        assert json.loads(_told(made, "verify", "--json"))["proves"] == "integrity only"
    other = key_file(tmp_path / "gate.ed25519")
    assert publish(tmp_path / "gate2", "run-1", document(), str(other)).verified.document.signer == "key file"


def test_a_key_that_lay_beside_the_report_proves_no_signer(tmp_path: Path) -> None:
    made = publish(tmp_path / "gate", "run-1", document(), str(key_file(tmp_path / "mine.pem")))
    done = CliRunner().invoke(main, ["report", "verify", str(made.folder), "--json"])
    said = json.loads(done.output)
    assert (done.exit_code, said["key_pinned"], said["proves"]) == (3, False, "integrity only")
