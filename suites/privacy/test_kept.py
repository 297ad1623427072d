"""The product's ledger has every property of a keeper of budgets, against a real PostgreSQL.

The crash here is that of a single server. A failover to another node, with its time and its losses, is judged by the
gate's recovery drills on the whole cluster.
"""

from __future__ import annotations

import itertools

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.lab.database import LabPostgres
from suites.privacy import keeper_properties
from suites.privacy.accounts import Ask, bounded
from suites.privacy.kept import LedgerKeeper
from suites.privacy.machine import the_ledger_follows_the_model
from suites.privacy.pure_properties import reference

_CHARGE = """
INSERT INTO privacy_ledger (username, tenant, idempotency_key, digest, noise_multiplier, delta)
VALUES (%s, %s, 'charged', '', 8.5, 1e-6)"""
_RIGHTS = """
SELECT set_config('app.tenant', 'hospital-b', false), set_config('app.user', 'researcher.b', false)"""


@pytest.mark.parametrize(
    "holds", [*keeper_properties.PROPERTIES, the_ledger_follows_the_model], ids=lambda p: p.__name__
)
def test_the_ledger_has_the_property(holds: keeper_properties.Property, keeper: LedgerKeeper) -> None:
    """With two processes that share nothing but the database."""
    holds(keeper)


def test_a_hundred_queries_at_a_twentieth_fit_into_their_budget(keeper: LedgerKeeper) -> None:
    """And the hundred and first does not, as a sum of hundred floating-point numbers might have it."""
    budget = keeper_properties.cost_of(keeper, 77.2, 100)
    user = keeper.open(77.2, budget)
    asks = [Ask(user, f"hundred-{n}", process=n % 2) for n in range(102)]
    replies = keeper_properties.decided(keeper, asks)
    assert keeper_properties.answered(replies) == 100
    assert keeper.spent(user) == pytest.approx(budget, rel=1e-12)


def test_whatever_the_order_of_settings_the_account_is_the_same(keeper: LedgerKeeper) -> None:
    """Releases under several noises cost the same in every order, to the last bit, and what dp-accounting says."""
    noises = (77.2, 77.2, 30.0, 10.1, 10.1, 4.5)
    true = reference(tuple((sigma, noises.count(sigma)) for sigma in sorted(set(noises))), keeper.delta)

    @bounded(10, shrink=False)
    @given(st.permutations(noises), st.permutations(noises))
    def inner(one: list[float], other: list[float]) -> None:
        spent = []
        for order in (one, other):
            user = keeper.open(order[0], 50.0)
            for sigma in order:
                keeper.retune(user, sigma)
                assert keeper_properties.answered([keeper.ask(Ask(user, keeper_properties.new_key()))]) == 1
            spent.append(keeper.spent(user))
        assert spent[0] == spent[1] == pytest.approx(true, rel=1e-12)

    inner()


def test_users_of_one_tenant_neither_see_nor_spend_another_tenants_budget(postgres: LabPostgres) -> None:
    """Row-level security shows the application nothing of another tenant, and the sum is the caller's tenant's only."""
    with postgres.connection() as superuser:
        superuser.execute(
            "INSERT INTO privacy_ledger (username, tenant, idempotency_key, digest, noise_multiplier, delta) VALUES"
            " ('researcher.a', 'hospital-a', 'seen', '', 9.5, 1e-6), ('researcher.b', 'hospital-b', 'b', '', 8.5, 1e-6)"
        )
    with postgres.connect() as connection:
        connection.execute(_RIGHTS)
        rows = connection.execute("SELECT DISTINCT tenant FROM privacy_ledger").fetchall()
        sums = connection.execute("SELECT * FROM privacy_tenant_releases()").fetchall()
        refused = []
        for user, tenant in itertools.product(("researcher.a", "researcher.b"), ("hospital-a", "hospital-b")):
            try:
                with connection.transaction():
                    connection.execute(_CHARGE, (user, tenant))
            except psycopg.errors.InsufficientPrivilege:
                refused.append((user, tenant))
    assert (rows, sums) == ([("hospital-b",)], [(8.5, 1)])
    assert refused == [("researcher.a", "hospital-a"), ("researcher.a", "hospital-b"), ("researcher.b", "hospital-a")]
