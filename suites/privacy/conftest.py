"""What the tests of privacy have in common: the product's ledger on a PostgreSQL that keeps its commits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fixtures.lab.database import LabPostgres, start_postgres
from fixtures.lab.laboratory import Laboratory
from suites.privacy.kept import LedgerKeeper


@pytest.fixture(scope="module")
def postgres(laboratory: Laboratory) -> Iterator[LabPostgres]:
    """One with the reference schema."""
    with laboratory.bench() as bench:
        yield start_postgres(bench, durable=True)


@pytest.fixture(scope="module")
def keeper(postgres: LabPostgres) -> Iterator[LedgerKeeper]:
    """Two processes over one database."""
    with LedgerKeeper([postgres, postgres]) as made:
        yield made
