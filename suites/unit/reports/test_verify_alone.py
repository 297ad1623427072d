"""The independent verifier: it needs nothing but Python and cryptography, and says what clinical-gate's own says."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # it re-exports without __all__

from benchmarks.tamper import SOUND, alone, tamper, theirs
from fixtures import REPOSITORY
from reports import manifest
from reports.document import RESULTS, encode
from reports.files import sha256
from reports.keys import load_public, load_signer, public_pem
from reports.render.junit import JUNIT, junit
from reports.sign import ENVELOPE, sign
from reports.statement import statement_of
from reports.writer import Published, publish
from suites.unit.reports.board_samples import report_of
from suites.unit.reports.report_samples import document
from suites.unit.reports.test_report_consistency import LIES, Lie

pytestmark = pytest.mark.unit
_PROGRAM = REPOSITORY / "reports" / "verify_alone.py"


@pytest.fixture
def published(tmp_path: Path) -> Published:
    """A sound report with evidence, of which no history says whether it is the newest."""
    evidence = {"drill/ledger.jsonl": b'{"invoke": 1}\n', "log.txt": b"all quiet\n"}
    found = publish(tmp_path / "gate", "run-1", report_of(), evidence=evidence, registers=tmp_path / "registers")
    (tmp_path / "gate/history.jsonl").unlink()
    return found


def _run(folder: Path, key: Path) -> tuple[int, str]:
    argv = [sys.executable, "-I", str(_PROGRAM), str(folder), str(key)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/")
    return done.returncode, done.stdout + done.stderr


def test_it_imports_nothing_but_python_and_cryptography() -> None:
    imported = set()
    for node in ast.walk(ast.parse(_PROGRAM.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or ".").split(".")[0])
    assert "cryptography" in imported
    assert imported - sys.stdlib_module_names == {"cryptography"}


def test_it_says_so_as_a_program(published: Published, tmp_path: Path) -> None:
    assert _run(published.folder, published.public_key) == (0, "HOLDS: gate run-1, APPROVED, score 100.0\n")
    stranger = tmp_path / "stranger.pub"
    stranger.write_bytes(public_pem(CryptoSigner.generate_ed25519()))
    code, said = _run(published.folder, stranger)
    assert (code, said.startswith("DOES NOT HOLD: another key.")) == (1, True)
    code, said = _run(tmp_path, published.public_key)
    assert (code, said.startswith("verify_alone: ")) == (2, True)


def test_both_refuse_what_was_altered_for_the_same_reason(published: Published) -> None:
    tally = tamper(published.folder, published.public_key, mutations=300, seed=7)
    assert (tally.accepted, tally.differing.total(), tally.reasons.total()) == ([], 0, 300)
    assert len(tally.reasons) >= 7, "hardly anything was tried"
    assert theirs(published.folder, load_public(published.public_key)) == SOUND, "it was not put back"


@pytest.mark.parametrize("lie", [lie for lie, _ in LIES])
def test_both_refuse_what_the_signer_lies(tmp_path: Path, lie: Lie) -> None:
    honest = publish(tmp_path / "gate", "run-1", document(failing=True), registers=tmp_path / "registers")
    (tmp_path / "gate/history.jsonl").unlink()
    folder, key = honest.folder, honest.public_key
    told = lie(document(failing=True))
    parts = {
        RESULTS: encode(told),
        JUNIT: junit(told),
        manifest.SIGNED_AS: (folder / manifest.SIGNED_AS).read_bytes(),
    }
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    files = {name: sha256(content) for name, content in parts.items()}
    signer = load_signer(tmp_path / "keys/gate.ed25519")
    (folder / ENVELOPE).write_bytes(sign(statement_of(told, files=files, sequence=1, previous=""), signer))
    answers = theirs(folder, load_public(key)), alone(folder, key.read_bytes())
    assert answers == ("parts contradict each other", "parts contradict each other")


def test_both_refuse_what_is_no_file(published: Published, tmp_path: Path) -> None:
    """A link to the true results, and evidence in a folder that is a link."""
    (published.folder / RESULTS).rename(tmp_path / "elsewhere.json")
    (published.folder / RESULTS).symlink_to(tmp_path / "elsewhere.json")
    key = published.public_key
    assert (theirs(published.folder, load_public(key)), alone(published.folder, key.read_bytes())) == (
        "results.json altered",
        "results.json altered",
    )
    (published.folder / RESULTS).unlink()
    shutil.copy(tmp_path / "elsewhere.json", published.folder / RESULTS)
    shutil.move(published.folder / "evidence/drill", tmp_path / "drill")
    (published.folder / "evidence/drill").symlink_to(tmp_path / "drill")
    assert (theirs(published.folder, load_public(key)), alone(published.folder, key.read_bytes())) == (
        "evidence replaced",
        "evidence replaced",
    )
