"""The product's ledger as a keeper of budgets: its own `reserve`, `settle` and `standing`, through the router's own
pool of connections, against a real PostgreSQL. A process is an event loop with a pool of its own.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from typing import Self, TypeVar

from fixtures.lab.database import LabPostgres
from fixtures.reference.router import settings
from fixtures.reference.router.database.pool import DatabasePool, Principal
from fixtures.reference.router.errors import UnavailableError
from fixtures.reference.router.privacy import accountant
from fixtures.reference.router.privacy.accountant import BudgetTerms
from fixtures.services.database.settings import APPLICATION
from suites.privacy.accounts import Ask, ClientOutcome, ClientReply, Fate, Releases

T = TypeVar("T")
_TENANT = "hospital-a"
_DEADLINE_S = 5.0  # as the router's
_PATIENCE_S = 30.0
_NAMES = itertools.count(1)  # of users and tenants: keepers may share a database


class ProductAccountant:
    """Implements `Accountant` by what the router charges."""

    def cost(self, releases: Releases, delta: float) -> float:
        """See `Accountant.cost`."""
        return accountant.epsilon_of(releases, delta)


class LedgerProcess:
    """An event loop in a thread, with the router's pool of connections to a database."""

    def __init__(self, postgres: LabPostgres) -> None:
        self.postgres = postgres
        self._chosen = settings.DatabaseSettings(
            hosts=(postgres.address,), password=postgres.vault["postgres.application"], ca=postgres.ca, user=APPLICATION
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.database = DatabasePool(self._chosen, "privacy")

    def submit(self, work: Coroutine[object, object, T]) -> Future[T]:
        """Begin something on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def restart(self) -> None:
        """Forget everything: another pool, as a process that was killed and started again has."""
        self.submit(self.database.close()).result(_PATIENCE_S)
        self.database = DatabasePool(self._chosen, "privacy")

    def close(self) -> None:
        """End the loop."""
        self.submit(self.database.close()).result(_PATIENCE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_S)
        self._loop.close()


class LedgerKeeper:
    """Implements `Keeper`.

    Args:
        databases: one per process; sound only when it is the same for all.
    """

    noise_multipliers: Sequence[float] = (77.2, 10.1, 1.5)
    delta = 1e-6
    examples = 8
    restarts_cheaply = True

    def __init__(self, databases: Sequence[LabPostgres]) -> None:
        self._running = [LedgerProcess(database) for database in databases]
        self.processes = len(self._running)
        self._terms: dict[str, tuple[BudgetTerms, str]] = {}
        self._tenant_budgets: dict[str, float] = {}
        self._draws = itertools.count(1)

    def __enter__(self) -> Self:
        """The keeper itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes; the database stays."""
        for process in self._running:
            process.close()

    def open(self, noise_multiplier: float, budget: float, tenant: str = "") -> str:
        """See `Keeper.open`."""
        user = f"researcher-{next(_NAMES)}"
        terms = BudgetTerms(noise_multiplier, self.delta, budget, self._tenant_budgets.get(tenant))
        self._terms[user] = terms, tenant or _TENANT
        return user

    def retune(self, user: str, noise_multiplier: float) -> None:
        """From now on this user's releases have another noise, as after a change of the settings."""
        terms, tenant = self._terms[user]
        self._terms[user] = replace(terms, noise_multiplier=noise_multiplier), tenant

    def tenant(self, budget: float) -> str:
        """See `Keeper.tenant`."""
        name = f"hospital-{next(_NAMES)}"
        for postgres in {process.postgres for process in self._running}:
            with postgres.connection() as connection:
                connection.execute("INSERT INTO tenants VALUES (%s)", (name,))
        self._tenant_budgets[name] = budget
        return name

    def ask(self, ask: Ask, fate: Fate = Fate.ANSWERED) -> ClientReply:
        """See `Keeper.ask`."""
        reply = self._begin(ask, fate).result(_PATIENCE_S)
        if fate is Fate.KILLED:
            self.restart(ask.process)
        return reply

    def rush(self, asks: Sequence[Ask]) -> list[ClientReply]:
        """See `Keeper.rush`."""
        return [begun.result(_PATIENCE_S) for begun in [self._begin(ask) for ask in asks]]

    def spent(self, user: str, process: int = 0) -> float:
        """See `Keeper.spent`."""
        return self._running[process].submit(self._spent(user, process)).result(_PATIENCE_S)

    def restart(self, process: int) -> None:
        """See `Keeper.restart`."""
        self._running[process].restart()

    def crash(self, asks: Sequence[Ask]) -> list[ClientReply]:
        """See `Keeper.crash`: the postmaster and its children are killed when a few requests were answered."""
        begun = [self._begin(ask) for ask in asks]
        pending = set(begun)
        while len(begun) - len(pending) < len(begun) // 8 and pending:
            _, pending = wait(pending, timeout=_PATIENCE_S, return_when=FIRST_COMPLETED)
        for postgres in {process.postgres for process in self._running}:
            postgres.server.kill()
            postgres.server.start()
            postgres.server.wait()
        return [future.result(_PATIENCE_S) for future in begun]

    def _begin(self, ask: Ask, fate: Fate = Fate.ANSWERED) -> Future[ClientReply]:
        return self._running[ask.process].submit(self._answer(ask, fate))

    async def _answer(self, ask: Ask, fate: Fate) -> ClientReply:
        terms, tenant = self._terms[ask.user]
        principal, database = Principal(tenant, ask.user, "researcher"), self._running[ask.process].database
        try:
            async with database.session(principal, _DEADLINE_S) as connection:
                reservation = await accountant.reserve(
                    connection,
                    username=ask.user,
                    tenant=tenant,
                    key=ask.key,
                    digest=accountant.digest_of(ask.query),
                    terms=terms,
                )
            if reservation.answer is not None:
                return ClientReply(ClientOutcome.ANSWERED, str(reservation.answer))
            drawn: dict[str, object] = {"value": next(self._draws)}  # stands for noise: no two draws are alike
            if fate is not Fate.ANSWERED:
                return ClientReply(ClientOutcome.NOTHING)
            async with database.session(principal, _DEADLINE_S) as connection:
                return ClientReply(ClientOutcome.ANSWERED, str(await accountant.settle(connection, reservation, drawn)))
        except accountant.BudgetExhaustedError:
            return ClientReply(ClientOutcome.REFUSED)
        except accountant.KeyReusedError:
            return ClientReply(ClientOutcome.CONFLICT)
        except (UnavailableError, accountant.UnchargedError):
            return ClientReply(ClientOutcome.NOTHING)

    async def _spent(self, user: str, process: int) -> float:
        terms, tenant = self._terms[user]
        async with self._running[process].database.session(Principal(tenant, user, "researcher")) as connection:
            return (await accountant.standing(connection, username=user, terms=terms)).spent
