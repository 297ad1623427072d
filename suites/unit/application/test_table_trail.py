"""A trail that is a table: its newest rows, oldest first, by the description's names for its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from checks.application import Application, Trail
from checks.model import NotDeclaredError
from checks.targets import Attempt, TrailEntry
from fixtures.targets.api.trail import TableTrail

_FIELDS = {"at": "seen", "username": "client", "outcome": "status"}


@dataclass
class KeptTrail:
    """A database that holds a trail: implements `checks.targets.Database`."""

    rows: list[Mapping[str, object]]
    address: str = "db:5432"
    application_role: str = "service"
    application: Application = field(default_factory=lambda: Application(name="clinic"))
    asked: list[str] = field(default_factory=list)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Mapping[str, object], ...]:
        """The rows, newest first, as the statement asks for them."""
        assert not parameters
        self.asked.append(sql)
        return tuple(reversed(self.rows))

    def attempt(self, sql: str, parameters: Sequence[object] = (), *, role: str) -> Attempt:
        """Nothing is tried here."""
        raise NotImplementedError

    def attempt_connection(self, *, encrypted: bool, user: str) -> Attempt:
        """Nothing is tried here."""
        raise NotImplementedError


@pytest.mark.unit
def test_what_was_added_since_a_mark_comes_oldest_first() -> None:
    """Rows that were there before are left out; the statement names the declared table and columns only."""
    kept = KeptTrail([{"at": "1", "username": "ada", "outcome": "200"}])
    trail = TableTrail(lambda: kept, Trail(kind="table", table="records.trail", fields=_FIELDS))
    mark = trail.mark()
    kept.rows += [{"at": "2", "username": "bo", "outcome": "401"}, {"at": "3", "username": "ada", "outcome": "200"}]

    gained = trail.since(mark, at_least=2)

    assert gained == (
        TrailEntry(at="2", username="bo", outcome="401"),
        TrailEntry(at="3", username="ada", outcome="200"),
    )
    assert kept.asked[0].startswith(
        "SELECT seen::text AS at, client::text AS username, status::text AS outcome"
        " FROM records.trail ORDER BY seen DESC"
    )


@pytest.mark.unit
def test_a_trail_without_times_cannot_be_followed() -> None:
    """The newest rows are found by a column that the description must name."""
    trail = TableTrail(lambda: KeptTrail([]), Trail(kind="table", table="records.trail", fields={"username": "client"}))

    with pytest.raises(NotDeclaredError, match="names no field 'at'"):
        trail.mark()
