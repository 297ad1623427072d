"""The board's question before a deployment, in every way in which its answer is no."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from checks.model import Status
from cli import main
from reports.files import sha256
from reports.refusals import Refusal, VerificationError
from reports.signoff.approval import FOLDER, ApprovalClaim, write_approval
from reports.signoff.board import BoardError, load_board
from reports.signoff.judge import verify_open, verify_signed_off
from reports.waivers import Waiver
from reports.writer import Published
from suites.unit.reports.board_samples import APPEND_ONLY, HSTS, ROLES, BoardRoom, report_of

pytestmark = pytest.mark.unit
_REASON = "accepted by the board until the new edge is in place"


@pytest.fixture
def room(tmp_path: Path) -> BoardRoom:
    """Keys, and nothing published yet."""
    return BoardRoom(tmp_path)


def _approve(room: BoardRoom, report: Published, role: str, *options: str, signoff: Path | None = None) -> Result:
    board = signoff or room.signoff()
    key = ["--key", str(room.key(role))] if "--key" not in options else []
    arguments = ["--signoff", str(board), "--role", role, *key, *options]
    return CliRunner().invoke(main, ["report", "approve", str(report.folder), *arguments])


def _all_approve(room: BoardRoom, report: Published, *options: str, but: tuple[str, ...] = ()) -> None:
    for role in ROLES:
        if role not in but:
            done = _approve(room, report, role, *options)
            assert done.exit_code == 0, done.output


def _answer(room: BoardRoom, report: Published, signoff: Path | None = None) -> tuple[int, str]:
    board = str(signoff or room.signoff())
    done = CliRunner().invoke(main, ["report", "verify", str(report.folder), "--signoff", board, "--json"])
    said = json.loads(done.stdout)
    assert said["signed_off"] == (done.exit_code == 0)
    return done.exit_code, said.get("reason", "")


def test_a_report_that_every_role_approves_is_signed_off(room: BoardRoom) -> None:
    report = room.publish(report_of())
    _all_approve(room, report)
    assert _answer(room, report) == (0, "")
    done = CliRunner().invoke(main, ["report", "verify", str(report.folder), "--signoff", str(room.signoff())])
    assert done.stdout.startswith("SIGNED OFF by ")
    assert "(5 of 5 roles, 5 needed)" in done.stdout


def test_four_of_five_are_enough_only_where_the_file_says_so(room: BoardRoom) -> None:
    report = room.publish(report_of())
    _all_approve(room, report, but=("security",))
    assert _answer(room, report) == (1, Refusal.NOT_ALL_APPROVE)
    assert _answer(room, report, room.signoff(least="4")) == (0, "")


def test_a_conditional_report_asks_for_each_of_its_conditions(room: BoardRoom) -> None:
    waivers = tuple(
        Waiver(check=c, owner="CISO", justification=_REASON, expires=date(2999, 1, 1)) for c in (HSTS, APPEND_ONLY)
    )
    report = room.publish(report_of(others=Status.FAIL, waivers=waivers))
    assert [c.subject for c in report.verified.document.conditions] == [HSTS, APPEND_ONLY]
    unanswered = _approve(room, report, "security", "--accept", HSTS)
    assert (unanswered.exit_code, APPEND_ONLY in unanswered.stderr) == (2, True)
    assert not (report.folder / FOLDER).exists()
    _all_approve(room, report, "--accept", HSTS, "--accept", APPEND_ONLY)
    assert _answer(room, report) == (0, "")


def test_an_approval_that_leaves_a_condition_out_does_not_count(room: BoardRoom) -> None:
    report = room.publish(report_of(others=Status.FAIL))
    _all_approve(room, report, "--accept", HSTS, "--accept", APPEND_ONLY, but=("security",))
    _sign(room, report, "security", accepts=(HSTS,))
    assert _answer(room, report) == (1, Refusal.CONDITION_NOT_ACCEPTED)


def test_a_waiver_that_expired_overnight_ends_the_sign_off(room: BoardRoom) -> None:
    today = datetime.now(UTC).date()
    waiver = Waiver(check=HSTS, owner="CISO", justification=_REASON, expires=today)
    other = Waiver(check=APPEND_ONLY, owner="CISO", justification=_REASON, expires=date(2999, 1, 1))
    report = room.publish(report_of(others=Status.FAIL, waivers=(waiver, other)))
    _all_approve(room, report, "--accept", HSTS, "--accept", APPEND_ONLY)
    board = load_board(room.signoff())
    tonight = datetime.now(UTC).replace(hour=23, minute=59, second=59)
    assert len(verify_signed_off(report.folder, board, now=tonight).approvals) == 5
    with pytest.raises(VerificationError) as problem:
        verify_signed_off(report.folder, board, now=tonight + timedelta(hours=1))
    assert problem.value.refusal is Refusal.WAIVER_EXPIRED


def test_a_rejection_outweighs_every_approval(room: BoardRoom) -> None:
    report = room.publish(report_of())
    _all_approve(room, report)
    assert _approve(room, report, "compliance", "--reject").exit_code == 2  # without a reason
    rejected = _approve(room, report, "compliance", "--reject", "--comment", "the DPA has expired")
    assert rejected.exit_code == 0, rejected.output
    assert _answer(room, report) == (1, Refusal.REJECTED_BY_ROLE)
    assert _approve(room, report, "compliance").exit_code == 2  # a rejection is not taken back
    assert _answer(room, report) == (1, Refusal.REJECTED_BY_ROLE)


def test_a_rejection_that_somebody_saw_cannot_be_removed(room: BoardRoom) -> None:
    report = room.publish(report_of())
    assert _approve(room, report, "compliance", "--reject", "--comment", "the DPA has expired").exit_code == 0
    _all_approve(room, report, but=("compliance",))
    for rejection in (report.folder / FOLDER).glob("*compliance*"):
        rejection.unlink()
    assert _answer(room, report, room.signoff(least="4")) == (1, Refusal.APPROVAL_REMOVED)


def test_one_key_serves_one_role(room: BoardRoom) -> None:
    with pytest.raises(BoardError, match="security has the key of business; one key serves one role"):
        load_board(room.signoff(roles={"business": "business", "security": "business"}))
    with pytest.raises(BoardError, match="business has the key of the signer of the gate"):
        load_board(room.signoff(roles={"business": "gate"}))


def test_a_role_signs_with_its_own_key_only(room: BoardRoom) -> None:
    report = room.publish(report_of())
    borrowed = _approve(room, report, "security", "--key", str(room.key("business")))
    assert (borrowed.exit_code, "is not the key" in borrowed.stderr) == (2, True)
    _sign(room, report, "security", key="business")
    assert _answer(room, report) == (1, Refusal.NO_APPROVAL)


def test_a_role_counts_once(room: BoardRoom) -> None:
    report = room.publish(report_of())
    for _ in range(5):
        _sign(room, report, "security")
    assert _answer(room, report) == (1, Refusal.NO_APPROVAL)


def test_an_approval_of_another_report_is_none_of_this_one(room: BoardRoom) -> None:
    older = room.publish(report_of("run-1"))
    _all_approve(room, older)
    newer = room.publish(report_of("run-2"))
    assert _answer(room, older) == (1, Refusal.SUPERSEDED)
    shutil.copytree(older.folder / FOLDER, newer.folder / FOLDER)
    assert _answer(room, newer) == (1, Refusal.OTHER_REPORT)


@pytest.mark.parametrize("changed", ["bit", "strange file", "stranger's key"])
def test_what_no_role_signed_is_refused(room: BoardRoom, changed: str) -> None:
    report = room.publish(report_of())
    _all_approve(room, report)
    store = report.folder / FOLDER
    first = min(store.iterdir())
    if changed == "bit":
        first.write_bytes(first.read_bytes().replace(b'"sig":"', b'"sig":"A', 1))
    elif changed == "strange file":
        (store / "6-note.txt").write_text("approved by phone")
    else:
        _sign(room, report, "security", key="gate")
    expected = Refusal.NO_APPROVAL if changed == "stranger's key" else Refusal.NOT_CANONICAL
    assert _answer(room, report) == (1, expected)


def test_a_report_is_signed_off_for_so_long_and_no_longer(room: BoardRoom) -> None:
    report = room.publish(report_of())
    _all_approve(room, report)
    ended, board = report.verified.document.identity.ended, load_board(room.signoff())
    assert verify_signed_off(report.folder, board, now=ended + timedelta(hours=48)).report.newest
    with pytest.raises(VerificationError) as problem:
        verify_signed_off(report.folder, board, now=ended + timedelta(hours=48, seconds=1))
    assert problem.value.refusal is Refusal.TOO_OLD


def test_a_rejected_report_can_only_be_rejected(room: BoardRoom) -> None:
    report = room.publish(report_of(critical=Status.FAIL))
    assert _approve(room, report, "security").exit_code == 2
    assert _answer(room, report) == (1, Refusal.REJECTED_BY_GATE)
    assert _approve(room, report, "security", "--reject", "--comment", "as the gate says").exit_code == 0


@pytest.mark.parametrize(
    ("made", "target", "refusal"),
    [
        ({"kind": "drill"}, "reference stack", Refusal.OTHER_KIND),
        ({}, "St. Jude", Refusal.OTHER_SUBJECT),
    ],
)
def test_nobody_signs_what_the_board_does_not_wait_for(
    room: BoardRoom, made: dict[str, str], target: str, refusal: Refusal
) -> None:
    report, board = room.publish(report_of(**made)), room.signoff(target=target)  # type: ignore[arg-type]
    done = _approve(room, report, "security", signoff=board)
    assert (done.exit_code, refusal.value in done.stderr) == (1, True)
    assert _answer(room, report, board) == (1, refusal)


def test_a_report_by_another_policy_is_not_signed(room: BoardRoom) -> None:
    report = room.publish(report_of())
    board = room.signoff()
    board.write_text(board.read_text().replace('"default"', '"aimedres"'))
    assert _answer(room, report, board) == (1, Refusal.OTHER_POLICY)


def test_a_report_by_an_edited_harness_is_signed_only_where_the_file_takes_any(room: BoardRoom) -> None:
    report = room.publish(report_of(remarks=("changed since the commit: checks/tls/x.py",)))
    board = room.signoff()
    assert _answer(room, report, board) == (1, Refusal.HARNESS)
    board.write_text(f"any_harness = true\n{board.read_text()}")
    assert _answer(room, report, board) == (1, Refusal.NOT_ALL_APPROVE)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("least = 6", "6 approvals are wanted of 5 roles"),
        ("color = 1", "color"),
        ("report_valid_hours = 0", "not TOML"),
    ],
)
def test_a_sign_off_file_that_says_nothing_sound_is_refused(room: BoardRoom, line: str, sentence: str) -> None:
    path = room.signoff()
    path.write_text(f"{line}\n{path.read_text()}")
    with pytest.raises(BoardError, match=sentence):
        load_board(path)


def _sign(room: BoardRoom, report: Published, role: str, *, key: str = "", accepts: tuple[str, ...] = ()) -> None:
    """What a role's own program could sign, without asking ours."""
    board = load_board(room.signoff())
    found = verify_open(report.folder, board, now=datetime.now(UTC))
    there = sorted((report.folder / FOLDER).glob("*.json"))
    identity = found.document.identity
    claim = ApprovalClaim(
        role=role,
        approves=True,
        comment="",
        accepts=accepts,
        at=datetime.now(UTC),
        run_id=identity.run_id,
        kind=identity.kind,
        target=identity.name,
        seen=tuple(sha256(path.read_bytes()) for path in there),
    )
    write_approval(report.folder, found, claim, room.signers[key or role])


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--key", ["gate.pub"]),
        ("--trust", ["trust.toml"]),
        ("--kind", ["gate"]),
        ("--subject", ["St. Jude"]),
        ("--system-id", ["urn:st-jude:icu"]),
        ("--policy", ["default"]),
        ("--tsa", ["tsa.pem"]),
        ("--head", [f"1:{'0' * 64}"]),
        ("--strict", []),
    ],
)
def test_what_a_sign_off_does_not_ask_is_refused(room: BoardRoom, option: str, value: list[str]) -> None:
    """It would be taken for asked."""
    report = room.publish(report_of())
    _all_approve(room, report)
    question = ["report", "verify", str(report.folder), "--signoff", str(room.signoff())]
    assert CliRunner().invoke(main, question).exit_code == 0
    done = CliRunner().invoke(main, [*question, option, *value])
    assert (done.exit_code, done.stdout, f"leave {option} out" in done.stderr) == (2, "", True)
