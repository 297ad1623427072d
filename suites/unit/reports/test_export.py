"""Export: only of what holds, to the same bytes each time, and one sentence where it cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main
from reports.render.formats.table import FORMATS
from suites.unit.reports.export_samples import Exporter, mixed
from suites.unit.reports.report_samples import document

pytestmark = pytest.mark.unit


@pytest.fixture
def exporter(tmp_path: Path) -> Exporter:
    """A signer, and nothing published yet."""
    return Exporter(tmp_path)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_same_report_gives_the_same_bytes(exporter: Exporter, name: str, tmp_path: Path) -> None:
    folder = exporter.publish(mixed()).folder
    first, path = exporter.run(folder, name), tmp_path / "out"
    again = exporter.run(folder, name, "--output", str(path))
    assert (first.exit_code, again.exit_code, again.stdout_bytes) == (0, 0, b"")
    assert first.stdout_bytes == path.read_bytes() != b""


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_report_that_does_not_hold_is_not_exported(exporter: Exporter, name: str) -> None:
    folder = exporter.publish(document()).folder
    (folder / "results.json").write_text("{}")
    done = exporter.run(folder, name)
    assert (done.exit_code, done.stdout_bytes) == (1, b"")
    assert done.stderr.startswith("DOES NOT HOLD: results.json altered. results.json is not the file that was signed")


def test_a_key_is_demanded(exporter: Exporter) -> None:
    folder = exporter.publish(document()).folder
    done = CliRunner().invoke(main, ["report", "export", str(folder), "--format", "csv"])
    assert (done.exit_code, done.stdout_bytes) == (2, b"")
    assert "say whose report it is with --key PUB or --trust FILE" in done.stderr


def test_a_file_that_cannot_be_written_is_one_sentence(exporter: Exporter) -> None:
    folder = exporter.publish(document()).folder
    done = exporter.run(folder, "csv", "--output", str(folder / "gone" / "x.csv"))
    assert done.exit_code == 2
    assert done.stderr.endswith(f"cannot write {folder / 'gone' / 'x.csv'}: No such file or directory\n")


def test_only_oscal_needs_its_extra(exporter: Exporter) -> None:
    """In a Python that has no compliance-trestle."""
    folder = str(exporter.publish(mixed()).folder)
    program = "import sys; sys.modules['trestle'] = None; from cli import main; main()"
    ends = {}
    for name in ("csv", "oscal"):
        command = [sys.executable, "-c", program, "report", "export", folder, "--key", str(exporter.public)]
        done = subprocess.run([*command, "--format", name], capture_output=True, text=True, check=False)
        ends[name] = (done.returncode, done.stdout != "", done.stderr)
    assert ends["csv"] == (0, True, "")
    assert ends["oscal"][:2] == (2, False)
    assert ends["oscal"][2].startswith("clinical-gate: OSCAL needs compliance-trestle: pip install -e '.[oscal]'")


def test_what_nobody_knows_to_be_the_newest_is_exported_and_told(exporter: Exporter) -> None:
    folder = exporter.publish(document()).folder
    known = exporter.run(folder, "csv")
    (folder.parent / "history.jsonl").unlink()
    done = exporter.run(folder, "csv")
    assert (known.exit_code, done.exit_code, done.stdout_bytes) == (0, 3, known.stdout_bytes)
    assert "UNKNOWN whether it is the newest report" in done.stderr
