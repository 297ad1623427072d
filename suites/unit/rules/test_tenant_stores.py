"""Tenants with a database or a schema of their own, on a real PostgreSQL: who may enter which."""

from __future__ import annotations

import pytest

from checks.catalogue import read
from checks.evaluate import evaluate
from checks.lab import DatabaseFlaws, Lab
from checks.model import Reason, Result, Status
from checks.policy import load_policy
from checks.targets import Database
from fixtures.lab.laboratory import Laboratory
from runner.proving import ProofCase, make, proof_cases

RULE = read("access/tenant_stores_kept_apart")
POLICY = load_policy("default").model_copy(update={"not_applicable": ()})


def _judged(database: Database) -> Result:
    return evaluate(RULE, lambda _: database, POLICY, target="lab")


@pytest.mark.parametrize("case", proof_cases([RULE]), ids=repr)
def test_every_violation_is_seen_and_the_clean_twin_is_fine(case: ProofCase, laboratory: Laboratory) -> None:
    assert make(case, laboratory, POLICY).proven


def test_tenants_with_a_database_each(lab: Lab) -> None:
    """Each store is looked at, and the application's role enters its own alone."""
    result = _judged(lab.build(DatabaseFlaws(stores="database")))
    assert result.status is Status.PASS
    assert [finding.subject for finding in result.findings] == [
        "database riverside",
        "database st_jude",
        "role clinical_app",
    ]


def test_who_serves_all_tenants_is_no_tenant(lab: Lab) -> None:
    """Monitoring enters every store; another tenant's role its own, and is looked at, too."""
    sql = (
        "CREATE ROLE metrics LOGIN IN ROLE pg_monitor; GRANT USAGE ON SCHEMA riverside, st_jude TO metrics;"
        "CREATE ROLE jude LOGIN; GRANT USAGE ON SCHEMA st_jude TO jude"
    )
    result = _judged(lab.build(DatabaseFlaws(stores="schema", sql=sql)))
    assert result.status is Status.PASS
    assert [f.subject for f in result.findings][2:] == ["role clinical_app", "role jude"]


@pytest.mark.parametrize(
    ("flaws", "reason", "said"),
    [
        (DatabaseFlaws(), Reason.NOT_DECLARED, "names no stores of tenants"),
        (
            DatabaseFlaws(stores="schema", sql="REVOKE USAGE ON SCHEMA riverside FROM clinical_app"),
            Reason.COULD_NOT_LOOK,
            "clinical_app may enter none of riverside, st_jude",
        ),
        (DatabaseFlaws(stores="schema", sql="DROP SCHEMA st_jude"), Reason.COULD_NOT_LOOK, "schema st_jude does not"),
    ],
)
def test_where_nothing_can_be_said(lab: Lab, flaws: DatabaseFlaws, reason: Reason, said: str) -> None:
    result = _judged(lab.build(flaws))
    assert (result.status, result.reason) == (Status.UNKNOWN, reason)
    assert said in result.explanation
