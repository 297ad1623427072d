"""What is public of a query bounds what a hospital says: each patient's weight, each hospital's, and nobody's lie
beyond it.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from fixtures.reference.hospital.bounds import extents, scales, sensitivities
from fixtures.reference.hospital.cohort import exact, open_cohort
from fixtures.reference.hospital.mechanism import NAME
from fixtures.reference.hospital.query import NodeAnswer, Query
from fixtures.reference.router.privacy.combining import Clip, combine

pytestmark = pytest.mark.unit
PATIENTS = 60
CLIP = Clip(patients=100, margin=8, noise_multiplier=10)
QUERIES = [
    Query(kind="count"),
    Query(kind="sum", column="systolic"),
    Query(kind="mean", column="age"),
    Query(kind="mean", column="glucose"),
    Query(kind="histogram", column="hba1c", bins=7),
    Query(kind="histogram", column="diagnosis"),
]


def _name(query: Query) -> str:
    return f"{query.kind} {query.column or ''}".strip()


@pytest.fixture
def cohort(tmp_path: Path) -> sqlite3.Connection:
    open_cohort(tmp_path / "cohort.sqlite", seed=7, patients=PATIENTS).close()
    return sqlite3.connect(tmp_path / "cohort.sqlite")


def _said(query: Query, values: list[int]) -> NodeAnswer:
    return NodeAnswer(
        node="hospital",
        values=tuple(values),
        scales=tuple(scales(query, 10)),
        noise_multiplier=10,
        epsilon=1,
        delta=1e-6,
        mechanism=NAME,
    )


@pytest.mark.parametrize("query", QUERIES, ids=_name)
def test_no_patient_moves_an_answer_by_more_than_its_sensitivity(query: Query, cohort: sqlite3.Connection) -> None:
    """Every patient of a cohort is taken out in turn, also one whose values lie far outside of every bound."""
    cohort.execute("INSERT INTO patients VALUES (99, 900, 9000, 900, 900, 'male', 'I10', 'no')")
    whole, allowed = exact(cohort, query), sensitivities(query)
    moved = []
    for (row,) in cohort.execute("SELECT rowid FROM patients").fetchall():
        cohort.execute("SAVEPOINT without")
        cohort.execute("DELETE FROM patients WHERE rowid = ?", (row,))
        moved.append([abs(a - b) for a, b in zip(whole, exact(cohort, query), strict=True)])
        cohort.execute("ROLLBACK TO without")
    assert len(moved) == PATIENTS + 1
    assert all(m <= a for one in moved for m, a in zip(one, allowed, strict=True))
    if query.kind == "histogram":
        assert {sum(one) for one in moved} == {1}


@pytest.mark.parametrize("query", QUERIES, ids=_name)
def test_an_honest_hospital_lies_within_its_extents(query: Query, cohort: sqlite3.Connection) -> None:
    """With the declared number of patients; and for a count no smaller number would do."""
    values = exact(cohort, query)
    assert all(low <= v <= high for v, (low, high) in zip(values, extents(query, PATIENTS), strict=True))
    if query.kind == "count":
        assert not values[0] <= extents(query, PATIENTS - 1)[0][1]


@pytest.mark.parametrize("lie", [10**15, -(10**15)])
@pytest.mark.parametrize("query", [q for q in QUERIES if q.kind != "mean"], ids=_name)
def test_a_lie_moves_no_value_by_more_than_the_clip(query: Query, lie: int, cohort: sqlite3.Connection) -> None:
    """Whatever is claimed; and the honest answers themselves are not touched."""
    honest = _said(query, exact(cohort, query))
    liar = _said(query, [lie] * len(honest.values))
    true, moved = combine(query, [honest] * 3, CLIP), combine(query, [honest, honest, liar], CLIP)

    def values(result: dict[str, object]) -> list[int]:
        found = result["values"] if query.kind == "histogram" else [result["value"]]
        assert isinstance(found, list)
        return found

    assert values(true) == [3 * v for v in honest.values]
    widths = [high - low for low, high in CLIP.intervals(query)]
    assert all(abs(a - b) <= w for a, b, w in zip(values(true), values(moved), widths, strict=True))
    assert values(moved) != values(true)


@pytest.mark.parametrize("lie", [[10**15, 0], [-(10**15), 1], [10**15, -(10**15)], [-(10**15), 10**15]])
def test_a_lie_keeps_a_mean_within_its_columns_bounds(lie: list[int], cohort: sqlite3.Connection) -> None:
    """Also where the liar empties what is divided by."""
    query = Query(kind="mean", column="age")
    answers = [_said(query, exact(cohort, query)), _said(query, lie)]
    value = combine(query, answers, CLIP)["value"]
    assert isinstance(value, int | float)
    assert 0 <= value <= 100


def test_the_clip_is_stated_with_the_result() -> None:
    """Eight deviations of the noise beyond what a hospital of 100 patients can count."""
    query = Query(kind="count")
    assert combine(query, [_said(query, [50])], CLIP) == {"value": 50, "clip": {"low": [-80], "high": [180]}}
