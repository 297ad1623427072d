"""A trust file says whose signatures count and when; a key that was stolen signs nothing, also not in the past."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import tomli_w
from click.testing import CliRunner, Result

from cli import main
from reports import clock
from reports.head import Head
from reports.history import HISTORY
from reports.keys import PUBLIC, load_public, machine_signer
from reports.writer import Published, publish
from suites.unit.reports.report_samples import END, START, document

BEFORE, AFTER = START - timedelta(days=100), clock.now() + timedelta(days=100)


@pytest.fixture
def published(tmp_path: Path) -> Published:
    return publish(tmp_path / "gate", "run-1", document())


def _trusting(tmp_path: Path, *keys: dict[str, object]) -> Path:
    path = tmp_path / "trust.toml"
    path.write_text(tomli_w.dumps({"key": list(keys)}))
    return path


def _key(published: Published, **changes: object) -> dict[str, object]:
    known: dict[str, object] = {"id": published.verified.keyid, "owner": "St. Jude", "role": "release signer"}
    return known | {"valid_from": BEFORE, "valid_until": AFTER} | changes


def _verify(published: Published, trust: Path, *options: object) -> Result:
    arguments = ["report", "verify", str(published.folder), "--trust", str(trust), *map(str, options)]
    return CliRunner().invoke(main, arguments)


def _head(published: Published) -> str:
    head = Head.of(published.folder.parent / HISTORY)
    return f"{head.tree_size}:{head.root_hash}"


def test_a_key_of_the_trust_file_is_pinned_by_its_id(published: Published, tmp_path: Path) -> None:
    """Its public half may lie beside the report: another one has another id."""
    told = _verify(published, _trusting(tmp_path, _key(published)))
    assert (told.exit_code, "The key is that of St. Jude (release signer)." in told.output) == (0, True)
    (tmp_path / "keys" / PUBLIC).unlink()
    assert _verify(published, _trusting(tmp_path, _key(published))).exit_code == 0
    machine_signer(tmp_path / "other")
    (published.folder / PUBLIC).write_bytes((tmp_path / "other" / PUBLIC).read_bytes())
    refused = _verify(published, _trusting(tmp_path, _key(published)))
    assert (refused.exit_code, "DOES NOT HOLD: another key." in refused.output) == (1, True)


def test_whoever_is_not_in_the_trust_file_signs_nothing(published: Published, tmp_path: Path) -> None:
    """Even where the key is given beside it."""
    machine_signer(tmp_path / "other")
    other = _key(published, id=load_public(tmp_path / "other" / PUBLIC).keyid)
    for options in ((), ("--key", published.public_key)):
        refused = _verify(published, _trusting(tmp_path, other), *options)
        assert (refused.exit_code, "DOES NOT HOLD: key not in the trust file." in refused.output) == (1, True)


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "holds"),
    [
        (START, AFTER, True),
        (START + timedelta(seconds=1), AFTER, False),  # the run began before
        (BEFORE, END + timedelta(days=1), False),  # it was entered after
        (BEFORE, END - timedelta(seconds=1), False),
    ],
)
def test_a_key_counts_while_it_is_valid(
    valid_from: datetime, valid_until: datetime, *, holds: bool, published: Published, tmp_path: Path
) -> None:
    """By every time that the report and its entry say."""
    told = _verify(published, _trusting(tmp_path, _key(published, valid_from=valid_from, valid_until=valid_until)))
    assert (told.exit_code, "key not valid then" in told.output) == ((0, False) if holds else (1, True))


def test_a_revoked_key_signs_nothing_though_it_dates_back(published: Published, tmp_path: Path) -> None:
    """The thief's report says that it is older than the revocation; so does the honest one, which a head shows."""
    revoked = {"revoked_at": AFTER - timedelta(days=1)}
    refused = _verify(published, _trusting(tmp_path, _key(published, **revoked)))
    assert (refused.exit_code, "key revoked. " in refused.output) == (1, True)
    assert "nothing but its own word says that the report is older" in refused.output
    shown = revoked | {"last_head": _head(published)}
    assert _verify(published, _trusting(tmp_path, _key(published, **shown))).exit_code == 0
    thiefs = publish(tmp_path / "gate", "run-2", document("run-2"))
    refused = _verify(thiefs, _trusting(tmp_path, _key(published, **shown)))
    assert (refused.exit_code, "it stands in no last_head, and has no time stamp" in refused.output) == (1, True)


def test_a_history_that_the_thief_wrote_anew_does_not_extend_the_head(published: Published, tmp_path: Path) -> None:
    shown = {"revoked_at": AFTER - timedelta(days=1), "last_head": _head(published)}
    forged = publish(tmp_path / "forged/gate", "run-2", document("run-2"), str(tmp_path / "keys/gate.ed25519"))
    refused = _verify(forged, _trusting(tmp_path, _key(published, **shown)))
    assert (refused.exit_code, "history does not extend the head" in refused.output) == (1, True)


def test_what_was_signed_after_the_revocation_is_refused_by_its_own_date(published: Published, tmp_path: Path) -> None:
    """Though it stands in the head."""
    late = _key(published, revoked_at=END - timedelta(minutes=1), last_head=_head(published))
    refused = _verify(published, _trusting(tmp_path, late))
    assert (refused.exit_code, "was revoked at" in refused.output, "last_head" in refused.output) == (1, True, False)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "9a49"}, "key.0.id: "),
        ({"owner": ""}, "key.0.owner: "),
        ({"valid_from": AFTER, "valid_until": BEFORE}, "valid_from is not before valid_until"),
        ({"last_head": "1:" + "0" * 64}, "last_head is for a key with revoked_at"),
        ({"valid_from": datetime(2026, 1, 1)}, "key.0.valid_from: "),  # noqa: DTZ001  of no time zone
        ({"colour": "red"}, "key.0.colour: "),
    ],
)
def test_a_trust_file_that_does_not_fit_is_one_sentence(
    changes: dict[str, object], said: str, published: Published, tmp_path: Path
) -> None:
    refused = _verify(published, _trusting(tmp_path, _key(published, **changes)))
    assert (refused.exit_code, refused.output.count("\n"), said in refused.output) == (2, 1, True)


def test_a_key_stands_once(published: Published, tmp_path: Path) -> None:
    """Or nobody could say which line counts."""
    trust = _trusting(tmp_path, _key(published), _key(published, revoked_at=AFTER))
    refused = _verify(published, trust)
    assert (refused.exit_code, "stands twice" in refused.output) == (2, True)
    trust.write_text("[[key]\n")
    assert "is not TOML" in _verify(published, trust).output
    trust.write_text("")
    assert "key: Field required" in _verify(published, trust).output
