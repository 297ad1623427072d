"""The history against whoever may write the report folder, and its head against whoever may sign, too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from securesystemslib.signer import (  # type: ignore[attr-defined]  # it re-exports without __all__
    CryptoSigner,
    SSlibKey,
)

from cli import main
from reports import history
from reports.document import canonical
from reports.files import sha256
from reports.head import Head
from reports.history import OpenHistory, RunEnded, RunStarted, UnsignedEntry
from reports.keys import load_public, load_signer
from reports.refusals import Refusal, VerificationError
from reports.verify import verify
from reports.writer import Published, publish
from suites.unit.reports.report_samples import document

Lines = list[dict[str, object]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def published(root: Path) -> Published:
    """The second of two reports."""
    publish(root, "run-1", document())
    return publish(root, "run-2", document("run-2"))


@pytest.fixture
def key(published: Published) -> SSlibKey:
    return load_public(published.public_key)


def _say(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


def _refusal(folder: Path, key: SSlibKey, **options: object) -> tuple[Refusal, str]:
    with pytest.raises(VerificationError) as problem:
        verify(folder, key, **options)  # type: ignore[arg-type]
    return problem.value.refusal, str(problem.value)


def _chained(lines: Lines) -> bytes:
    """What a forger writes who knows the chain: every line follows from the one before."""
    content, chain = b"", ""
    for line in lines:
        encoded = canonical(line | {"chain": chain}) + b"\n"
        content, chain = content + encoded, sha256(encoded)
    return content


ALTERED = {
    "subject": "clinic north",
    "subject_digest": "0" * 64,
    "policy_digest": "0" * 64,
    "kind": "drill",
    "at": "2026-11-20T00:00:00Z",
    "boot": "another",
    "uptime_s": 1.0,
    "register_size": 40,
    "sequence": 7,
    "decision": "REJECTED",
    "score": 12.5,
    "ended": "2026-11-20T00:00:00Z",
    "run_id": "run-9",
}


@pytest.mark.parametrize("field", ALTERED)
@pytest.mark.parametrize("place", [2, 3])
def test_no_field_can_be_altered_though_the_chain_is_made_to_fit(
    field: str, place: int, root: Path, published: Published, key: SSlibKey
) -> None:
    """Of the start of a run, and of its end; the chain is no secret."""
    path = root / history.HISTORY
    lines: Lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    path.write_bytes(_chained(lines))
    assert verify(published.folder, key).newest is True, "rewritten as it was, it holds"
    if field in lines[place]:
        lines[place][field] = ALTERED[field]
        path.write_bytes(_chained(lines))
        assert _refusal(published.folder, key)[0] is Refusal.HISTORY_BROKEN


def test_every_field_is_tried() -> None:
    """Or a new one could be altered unseen."""
    fields = {*RunStarted.model_fields, *RunEnded.model_fields}
    assert fields - set(ALTERED) == {"chain", "keyid", "sig", "event", "report"}


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "clinic north"},
        {"score": 99.5},
        {"ended": "2026-11-20T00:00:00Z"},
        {"policy_digest": "0" * 64},
        {"subject_digest": "0" * 64},
        {"decision": "REJECTED"},
        {"sequence": 7},
    ],
)
def test_an_entry_says_what_its_report_says(
    change: dict[str, object], root: Path, published: Published, key: SSlibKey
) -> None:
    """Also one that the signer signs, who may be wrong."""
    path = root / history.HISTORY
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    honest = RunEnded.model_validate_json(lines[-1])
    book = OpenHistory(path, load_signer(root.parent / "keys/gate.ed25519"))
    book.append(RunEnded.model_validate(honest.model_dump() | change))
    refusal, said = _refusal(published.folder, key)
    assert (refusal, "contradicts the report" in said) == (Refusal.HISTORY_BROKEN, True)


@pytest.mark.parametrize("order", [[1], [0, 0], [0, 1, 1], [0, 1, 0]])
@pytest.mark.usefixtures("published")
def test_a_run_starts_once_and_then_ends_once(order: list[int], root: Path) -> None:
    """Whoever signs: an end without a start would be a run that could have been aborted unseen."""
    path = root / history.HISTORY
    start, end = path.read_bytes().splitlines()[:2]
    lines = (RunStarted.model_validate_json(start), RunEnded.model_validate_json(end))
    path.write_bytes(b"")
    book = OpenHistory(path, load_signer(root.parent / "keys/gate.ed25519"))
    for place in order[:-1]:
        book.append(lines[place])
    with pytest.raises(VerificationError) as problem:
        book.append(lines[order[-1]])
    assert problem.value.refusal is Refusal.HISTORY_BROKEN


def test_a_line_of_another_key_vouches_for_nothing(root: Path, key: SSlibKey) -> None:
    """The newest report dropped, and the older one's entry signed by a stranger."""
    path = root / history.HISTORY
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"")
    book = OpenHistory(path, CryptoSigner.generate_ed25519())
    book.append(RunStarted.model_validate_json(lines[0]))
    book.append(RunEnded.model_validate_json(lines[1]))
    refusal, said = _refusal(root / "run-1", key)
    assert (refusal, "contradicts the report" in said) == (Refusal.HISTORY_BROKEN, True)


def _unsigned(lines: list[bytes]) -> bytes:
    content, chain = b"", ""
    for line in lines:
        entry = json.loads(line)
        if entry["event"] == "ended":
            kept = {name: entry[name] for name in UnsignedEntry.model_fields}
            encoded = canonical(kept | {"chain": chain}) + b"\n"
            content, chain = content + encoded, sha256(encoded)
    return content


def test_an_unsigned_history_leaves_open_which_report_is_the_newest(
    root: Path, published: Published, key: SSlibKey
) -> None:
    """As it was written before lines were signed; what it says against a report still counts."""
    path = root / history.HISTORY
    path.write_bytes(_unsigned(path.read_bytes().splitlines()))
    assert verify(published.folder, key).newest is None
    told = _say("verify", published.folder, "--key", published.public_key)
    assert (told.exit_code, "UNKNOWN whether it is the newest" in told.output) == (3, True)
    assert _refusal(root / "run-1", key)[0] is Refusal.SUPERSEDED
    assert "(unsigned)" in _say("history", root).output


def test_a_signed_history_goes_on_after_an_unsigned_one_and_never_back(
    root: Path, published: Published, key: SSlibKey
) -> None:
    path = root / history.HISTORY
    path.write_bytes(unsigned := _unsigned(path.read_bytes().splitlines()))
    third = publish(root, "run-3", document("run-3"))
    assert (third.verified.newest, third.verified.statement.predicate.sequence) == (True, 3)
    assert _refusal(published.folder, key)[0] is Refusal.SUPERSEDED
    lines = path.read_bytes().splitlines(keepends=True)
    assert b"".join(lines[:2]) == unsigned
    more = json.loads(lines[1]) | {"chain": sha256(lines[-1]), "sequence": 3, "run_id": "run-4"}
    path.write_bytes(b"".join(lines) + canonical(more) + b"\n")
    assert _refusal(third.folder, key)[0] is Refusal.HISTORY_BROKEN


def _cut(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))


def _rewrite(path: Path) -> None:
    """By the operator himself, with his key: a history of his own making, longer than the one before."""
    signer = load_signer(path.parents[1] / "keys/gate.ed25519")
    kept = [json.loads(line) for line in path.read_bytes().splitlines()[:2]]
    path.write_bytes(b"")
    book = OpenHistory(path, signer)
    for number in range(4):
        book.append(RunStarted.model_validate(kept[0] | {"run_id": f"made-up-{number}"}))
    book.append(RunStarted.model_validate(kept[0]))
    book.append(RunEnded.model_validate(kept[1]))


@pytest.mark.parametrize(("attack", "said"), [(_cut, "it was cut off"), (_rewrite, "are not those that the head")])
def test_a_head_kept_elsewhere_shows_what_was_cut_off_or_made_up(
    attack: Callable[[Path], None], said: str, root: Path, published: Published, key: SSlibKey, tmp_path: Path
) -> None:
    """The newest report cut off, by whoever; without the head the older one holds."""
    printed = _say("history", root, "--head")
    kept = tmp_path / "head.json"
    kept.write_text(printed.output)
    pinned = ("--key", published.public_key)
    assert _say("verify", published.folder, *pinned, "--head", kept).exit_code == 0
    attack(root / history.HISTORY)
    assert verify(root / "run-1", key).newest is True, "this is what the head is for"
    refused = _say("verify", root / "run-1", *pinned, "--head", kept)
    assert (refused.exit_code, said in refused.output) == (1, True)
    head = Head.model_validate_json(kept.read_text())
    short = _say("verify", root / "run-1", *pinned, "--head", f"{head.tree_size}:{head.root_hash}")
    assert (short.exit_code, "history does not extend the head" in short.output) == (1, True)


def test_heads_alone_prove_that_a_history_only_grew(root: Path, published: Published, tmp_path: Path) -> None:
    """For a log that keeps heads and never sees the history."""
    older, newer = tmp_path / "older.json", tmp_path / "newer.json"
    older.write_text(_say("history", root, "--head").output)
    publish(root, "run-3", document("run-3"))
    newer.write_text(_say("history", root, "--head", "--since", older).output)
    assert _say("extends", older, newer).exit_code == 0
    assert _say("extends", newer, older).exit_code == 1
    altered = json.loads(newer.read_text()) | {"root_hash": "0" * 64}
    newer.write_text(json.dumps(altered))
    assert _say("extends", older, newer).exit_code == 1
    _rewrite(root / history.HISTORY)
    refused = _say("history", root, "--head", "--since", older)
    assert (refused.exit_code, "DOES NOT HOLD: history does not extend the head" in refused.output) == (1, True)
    for given in ("no head", "4:abc", root / history.HISTORY):
        unreadable = _say("verify", published.folder, "--head", given)
        assert (unreadable.exit_code, unreadable.output.count("\n")) == (2, 1)


def test_the_history_command_holds_lines_against_a_key(root: Path, published: Published) -> None:
    assert _say("history", root, "--key", published.public_key).exit_code == 0
    path = root / history.HISTORY
    lines: Lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    lines[3]["score"] = 1.0
    path.write_bytes(_chained(lines))
    assert _say("history", root).exit_code == 0
    assert _say("history", root, "--key", published.public_key).exit_code == 1
