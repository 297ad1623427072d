"""A trail that is a log file: what it gained is read, whole lines only, and a line that is none is said to be so."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.application import Trail
from checks.model import CannotLookError
from fixtures.targets.api.trail import LogTrail

_DESCRIPTION = Trail(kind="log", fields={"username": "user", "action": "method", "outcome": "status"})


def test_only_whole_lines_after_the_mark_are_gained(tmp_path: Path) -> None:
    """What stood there before does not count, nor does a line that is still being written."""
    log = tmp_path / "access.log"
    log.write_text('{"user":"early","method":"GET","status":"200"}\n')
    trail = LogTrail(_DESCRIPTION, log)
    mark = trail.mark()
    with log.open("a") as handle:
        handle.write('{"user":"ada","method":"GET","status":"403"}\n{"user":"bram","met')
    (gained,) = trail.since(mark, at_least=1)
    assert (gained.username, gained.action, gained.outcome) == ("ada", "GET", "403")


@pytest.mark.parametrize(
    ("text", "why"), [("GET /patients 200\n", "holds a line that is no JSON object"), (None, "cannot be read")]
)
def test_what_is_no_trail_is_said_to_be_none(tmp_path: Path, text: str | None, why: str) -> None:
    """A log in another format, and a file that is not there."""
    log = tmp_path / "access.log"
    trail = LogTrail(_DESCRIPTION, log)
    mark = trail.mark()
    if text is not None:
        log.write_text(text)
    with pytest.raises(CannotLookError, match=why):
        trail.since(mark, at_least=1)
