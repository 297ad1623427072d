"""What lies in the place of a report's files is no reason to wait."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reports import manifest
from reports.document import RESULTS
from reports.keys import load_public
from reports.refusals import UnreadableError, VerificationError
from reports.render.junit import JUNIT
from reports.sign import ENVELOPE
from reports.verify import verify
from reports.writer import publish
from suites.unit.reports.report_samples import document


@pytest.fixture
def alarm() -> Iterator[None]:
    """Whoever waits for what never comes is woken, and fails."""

    def late(*_: object) -> None:
        msg = "it was waited for"
        raise AssertionError(msg)

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**42)


@pytest.mark.usefixtures("alarm")
@pytest.mark.parametrize("put", [_pipe, _endless, _huge])
@pytest.mark.parametrize("name", [ENVELOPE, RESULTS, JUNIT, manifest.SIGNED_AS, "evidence/log.txt", "../history.jsonl"])
def test_nothing_in_a_files_place_is_waited_for(name: str, put: Callable[[Path], None], tmp_path: Path) -> None:
    """A pipe that nobody writes to, a device without an end, a file of four terabytes: refused at once."""
    published = publish(tmp_path / "gate", "run-1", document(), evidence={"log.txt": b"all quiet\n"})
    path = published.folder / name
    path.unlink()
    put(path)
    with pytest.raises((VerificationError, UnreadableError), match=r"link|regular|larger"):
        verify(published.folder, load_public(published.public_key))


def test_a_folder_that_cannot_be_read_hides_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        manifest.survey(tmp_path / "gone")
