"""Which system was gated, and what it was: signed, asked for, and compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from checks.targets import ObservedFact
from cli import main
from reports.document import ReportDocument
from reports.observed import fact_changes
from reports.records import ObservedRecord
from reports.render.board.page import board_page
from reports.writer import Published, publish
from suites.unit.reports.board_samples import BoardRoom, report_of
from suites.unit.reports.report_samples import document

OURS, OTHER = "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", "urn:uuid:00000000-0000-0000-0000-000000000000"
DIGEST = "sha256:" + "1234567890abcdef" * 4
OLD = (
    ObservedFact("database", "version", "PostgreSQL 15.8"),
    ObservedFact("database", "schema", DIGEST),
    ObservedFact("model server", "model digest", "", "it does not tell a digest of its model"),
    ObservedFact("container web", "image", f"nginx:1.27 {DIGEST}"),
)
NEW = (
    ObservedFact("database", "version", "PostgreSQL 15.9"),
    ObservedFact("database", "schema", DIGEST),
    ObservedFact("model server", "model digest", "", "it answers 503"),
    ObservedFact("container web", "image", "", "the engine does not answer"),
)


def _of(run_id: str, facts: tuple[ObservedFact, ...], *, system: str = OURS, name: str = "St. Jude") -> ReportDocument:
    sample = document(run_id, name=name)
    seen = {"system_id": system, "observed": tuple(map(ObservedRecord.of, facts))}
    return sample.model_copy(update={"identity": sample.identity.model_copy(update=seen)})


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


@pytest.fixture
def published(tmp_path: Path) -> Published:
    return publish(tmp_path / "gate", "run-1", _of("run-1", OLD))


def test_a_report_answers_for_its_own_system_only(published: Published) -> None:
    """By its id, whatever the target is called; and by its name as before."""
    key = ["--key", published.public_key]
    assert _run("verify", published.folder, *key, "--system-id", OURS, "--subject", "St. Jude").exit_code == 0
    other = _run("verify", published.folder, *key, "--system-id", OTHER)
    assert (other.exit_code, "DOES NOT HOLD: another system." in other.output) == (1, True)
    assert f"is about the system {OURS}, not about the system {OTHER}" in other.output


def test_a_report_without_an_id_answers_for_no_system(tmp_path: Path) -> None:
    made = publish(tmp_path / "gate", "run-1", _of("run-1", OLD, system=""))
    asked = _run("verify", made.folder, "--key", made.public_key, "--system-id", OURS)
    assert (asked.exit_code, "of a target file without a system_id" in asked.output) == (1, True)
    assert _run("verify", made.folder, "--key", made.public_key).exit_code == 0


def test_a_board_may_wait_for_a_system(tmp_path: Path) -> None:
    """One that waits for another takes no report of this one."""
    room = BoardRoom(tmp_path)
    sample = report_of()
    identity = sample.identity.model_copy(update={"system_id": OURS})
    made = room.publish(sample.model_copy(update={"identity": identity}))
    signoff = room.signoff()
    text = signoff.read_text()
    for system, reason in ((OTHER, "another system"), (OURS, "approvals missing")):
        signoff.write_text(f'system_id = "{system}"\n{text}')
        told = _run("verify", made.folder, "--signoff", signoff)
        assert (told.exit_code, f"NOT SIGNED OFF: {reason}." in told.output) == (1, True), told.output


def test_a_diff_tells_what_the_system_is_now(tmp_path: Path) -> None:
    """A value that is another one, and one that is not seen any more; not why something was never seen."""
    root = tmp_path / "gate"
    old, new = (publish(root, run, _of(run, facts)) for run, facts in (("run-1", OLD), ("run-2", NEW)))
    told = _run("diff", old.folder, new.folder, "--key", old.public_key)
    assert told.exit_code == 0, "another version is neither worse nor better"
    changed = [line.split(None, 1)[1] for line in told.output.splitlines() if line.strip().startswith("changed")]
    assert changed == [
        "image of container web: nginx:1.27 sha256:1234567890ab -> not seen: the engine does not answer",
        "version of database: PostgreSQL 15.8 -> PostgreSQL 15.9",
    ]


def test_one_system_under_another_name_can_be_compared_and_two_systems_of_one_name_cannot(tmp_path: Path) -> None:
    root = tmp_path / "gate"
    old = publish(root, "run-1", _of("run-1", OLD))
    renamed = publish(root, "run-2", _of("run-2", OLD, name="St. Jude, north"))
    other = publish(root, "run-3", _of("run-3", OLD, system=OTHER))
    assert _run("diff", old.folder, renamed.folder, "--key", old.public_key).exit_code == 0
    told = _run("diff", old.folder, other.folder, "--key", old.public_key)
    assert (told.exit_code, f"NOT COMPARABLE: The one is about the system {OURS}" in told.output) == (3, True)


def test_the_board_reads_what_changed_and_what_could_not_be_seen(tmp_path: Path) -> None:
    root = tmp_path / "gate"
    old, new = (publish(root, run, _of(run, facts)) for run, facts in (("run-1", OLD), ("run-2", NEW)))
    done = _run("board", new.folder, "--key", old.public_key, "--since", old.folder)
    assert done.exit_code == 0, done.output
    page = (new.folder / "board.html").read_text()
    for words in (
        OURS,
        "2 could not be seen",
        "Since an older report",
        "Run run-1 of 2026-11-21 01:23:12 UTC: ",
        "version of database: PostgreSQL 15.8 -&gt; PostgreSQL 15.9",
        "not seen: it answers 503",
    ):
        assert words in page
    assert "PostgreSQL 15.8" not in board_page(new.verified, policy=None, approvals=())


def test_what_a_system_says_of_itself_is_redacted_and_cannot_be_markup() -> None:
    fact = ObservedRecord.of(ObservedFact("edge", "server", "nginx password=hunter2 <script>"))
    assert fact.value == "nginx password=[redacted: secret] <script>"


def test_equal_facts_are_no_change() -> None:
    old = tuple(map(ObservedRecord.of, OLD))
    assert fact_changes(old, reversed(old)) == ()
    assert [change.old for change in fact_changes((), old)] == [None] * len(old)
