"""What must hold of everything that keeps budgets: one function per property, which raises `BrokenError` under its own
name.

What releases cost is always dp-accounting's word (`reference`), never the keeper's own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count

from hypothesis import example, given
from hypothesis import strategies as st

from suites.privacy.accounts import ROUNDING, Ask, ClientOutcome, ClientReply, Fate, Keeper, bounded, require, search
from suites.privacy.pure_properties import reference

Property = Callable[[Keeper], None]
CLIENTS = 64
_KEYS = count(1)


def new_key() -> str:
    """One that nobody used."""
    return f"key-{next(_KEYS)}"


def answered(replies: Sequence[ClientReply]) -> int:
    """How many are answers."""
    return sum(reply.outcome is ClientOutcome.ANSWERED for reply in replies)


def decided(keeper: Keeper, asks: Sequence[Ask]) -> list[ClientReply]:
    """The replies to a rush; a client whom a busy machine kept waiting too long repeats its key, as clients do."""
    replies = keeper.rush(asks)
    return [
        keeper.ask(ask) if reply.outcome is ClientOutcome.NOTHING else reply
        for ask, reply in zip(asks, replies, strict=True)
    ]


def cost_of(keeper: Keeper, multiplier: float, releases: int) -> float:
    """Epsilon of so many releases."""
    return reference(((multiplier, releases),), keeper.delta) if releases else 0.0


def charged(name: str, keeper: Keeper, user: str, multiplier: float, releases: int) -> None:
    """Require that every process says that a user has paid for exactly so many releases."""
    true = cost_of(keeper, multiplier, releases)
    for process in range(keeper.processes):
        said = keeper.spent(user, process)
        require(
            name, math.isclose(said, true, rel_tol=ROUNDING), f"process {process} says {said}, {releases} cost {true}"
        )


def exactly_as_many_as_the_budget_pays_for(keeper: Keeper) -> None:
    """A budget that was set to the cost of n releases allows n of them: rounding neither loses a query nor wins one."""

    @bounded(keeper.examples, shrink=False)
    @given(st.sampled_from(keeper.noise_multipliers), st.integers(1, 12))
    def inner(multiplier: float, affordable: int) -> None:
        user = keeper.open(multiplier, cost_of(keeper, multiplier, affordable))
        asks = [Ask(user, new_key(), process=n % keeper.processes) for n in range(affordable + 2)]
        granted = answered([keeper.ask(ask) for ask in asks])
        require(
            "exactly_as_many_as_the_budget_pays_for",
            granted == affordable,
            f"{granted} answers for a budget of {affordable} with sigma {multiplier}",
        )

    inner()


def every_process_sees_the_same_account(keeper: Keeper) -> None:
    """What one process charged is spent for all of them."""

    @bounded(keeper.examples, shrink=False)
    @given(st.sampled_from(keeper.noise_multipliers), st.integers(0, keeper.processes - 1), st.integers(1, 4))
    def inner(multiplier: float, process: int, queries: int) -> None:
        user = keeper.open(multiplier, cost_of(keeper, multiplier, 10))
        granted = answered([keeper.ask(Ask(user, new_key(), process=process)) for _ in range(queries)])
        charged("every_process_sees_the_same_account", keeper, user, multiplier, granted)

    inner()


def never_overspent_by_clients_at_once(keeper: Keeper) -> None:
    """Many clients at once, over all processes, get as many answers as the budget pays for."""

    @bounded(1, shrink=False)
    @given(st.sampled_from(keeper.noise_multipliers), st.integers(1, 20))
    @example(keeper.noise_multipliers[-1], 12)
    def inner(multiplier: float, affordable: int) -> None:
        user = keeper.open(multiplier, cost_of(keeper, multiplier, affordable))
        replies = decided(keeper, [Ask(user, new_key(), process=n % keeper.processes) for n in range(CLIENTS)])
        require(
            "never_overspent_by_clients_at_once",
            answered(replies) == affordable,
            f"{answered(replies)} answers for a budget of {affordable}: {Counter(r.outcome.name for r in replies)}",
        )
        charged("never_overspent_by_clients_at_once", keeper, user, multiplier, affordable)

    search(inner)


def never_overspent_by_a_tenants_users(keeper: Keeper) -> None:
    """The users of a tenant, at once and over all processes, get as many answers as its budget pays for; nobody else
    less.
    """

    @bounded(1, shrink=False)
    @given(st.sampled_from(keeper.noise_multipliers), st.integers(1, 20))
    @example(keeper.noise_multipliers[-1], 12)
    def inner(multiplier: float, affordable: int) -> None:
        tenant = keeper.tenant(cost_of(keeper, multiplier, affordable))
        if not tenant:
            return
        own = cost_of(keeper, multiplier, CLIENTS)
        users = [keeper.open(multiplier, own, tenant) for _ in range(8)]
        asks = [Ask(users[n % 8], new_key(), process=n // 8 % keeper.processes) for n in range(CLIENTS)]
        granted = answered(decided(keeper, asks))
        require(
            "never_overspent_by_a_tenants_users",
            granted == affordable,
            f"{granted} answers for a tenant's budget of {affordable}",
        )
        other = keeper.open(multiplier, own)
        reply = keeper.ask(Ask(other, new_key()))
        require("never_overspent_by_a_tenants_users", answered([reply]) == 1, f"another tenant's user: {reply}")

    search(inner)


def a_key_is_charged_once(keeper: Keeper) -> None:
    """Repeated with its key, at once or later and to any process, a query costs once and has one answer; without a key
    each costs; and a key stands for one query.
    """

    @bounded(min(keeper.examples, 4), shrink=False)
    @given(st.sampled_from(keeper.noise_multipliers), st.integers(2, 8), st.integers(1, 3))
    def inner(multiplier: float, repeats: int, others: int) -> None:
        name = "a_key_is_charged_once"
        user = keeper.open(multiplier, cost_of(keeper, multiplier, others + 1))
        key = new_key()
        asks = [Ask(user, key, process=n % keeper.processes) for n in range(repeats)]
        replies = [*decided(keeper, asks), *(keeper.ask(ask) for ask in asks)]
        require(name, answered(replies) == len(replies), f"{Counter(r.outcome.name for r in replies)}")
        require(name, len({str(r.answer) for r in replies}) == 1, "the same key had several answers")
        charged(name, keeper, user, multiplier, 1)
        other = keeper.ask(Ask(user, key, query=1))
        require(name, other.outcome is ClientOutcome.CONFLICT, f"another query under the key: {other}")
        granted = answered([keeper.ask(Ask(user, new_key())) for _ in range(others + 1)])
        require(name, granted == others, f"{granted} of {others} others with keys of their own")
        again = keeper.ask(asks[0])
        require(name, again == replies[0], f"with nothing left, the answer of the key is {again}")

    search(inner)


def noise_that_was_drawn_stays_paid(keeper: Keeper) -> None:
    """Whatever happens after the noise was drawn, its cost stays spent; the key gets one answer for it, and no more."""

    def inner(multiplier: float, fate: Fate) -> None:
        name = "noise_that_was_drawn_stays_paid"
        user, key = keeper.open(multiplier, cost_of(keeper, multiplier, 1)), new_key()
        lost = keeper.ask(Ask(user, key), fate)
        require(name, lost.outcome is ClientOutcome.NOTHING, f"{fate.value}: {lost}")
        charged(name, keeper, user, multiplier, 1)
        another = keeper.ask(Ask(user, new_key()))
        require(name, another.outcome is ClientOutcome.REFUSED, f"after {fate.value}, another query got {another}")
        retried = [keeper.ask(Ask(user, key, process=process)) for process in range(keeper.processes)]
        require(name, len({str(r.answer) for r in retried}) == 1 and answered(retried) == len(retried), f"{retried}")
        charged(name, keeper, user, multiplier, 1)

    for fate in (Fate.LOST, Fate.KILLED):
        inner(keeper.noise_multipliers[0], fate)


def a_restart_forgets_nothing(keeper: Keeper) -> None:
    """Killed and started again, a process knows what was spent and what was answered."""
    name, multiplier = "a_restart_forgets_nothing", keeper.noise_multipliers[0]
    user = keeper.open(multiplier, cost_of(keeper, multiplier, 2))
    asks = [Ask(user, new_key(), process=n % keeper.processes) for n in range(2)]
    before = [keeper.ask(ask) for ask in asks]
    for process in range(keeper.processes):
        keeper.restart(process)
    charged(name, keeper, user, multiplier, 2)
    require(name, [keeper.ask(ask) for ask in asks] == before, "a key has another answer than before")
    another = keeper.ask(Ask(user, new_key()))
    require(name, another.outcome is ClientOutcome.REFUSED, f"after the restart, a third query got {another}")


def a_crash_of_the_store_loses_no_answer(keeper: Keeper) -> None:
    """The store is killed amid requests: every answer that left is paid for, before it, amid it and after it."""
    name, multiplier = "a_crash_of_the_store_loses_no_answer", keeper.noise_multipliers[0]
    user, early = keeper.open(multiplier, cost_of(keeper, multiplier, CLIENTS)), new_key()
    first = keeper.ask(Ask(user, early))
    asks = [Ask(user, new_key(), process=n % keeper.processes) for n in range(CLIENTS - 1)]
    replies = keeper.crash(asks)
    granted = answered([first, *replies])
    spent = keeper.spent(user)
    paid = cost_of(keeper, multiplier, granted)
    require(name, spent >= paid * (1 - ROUNDING), f"{granted} answers left, which cost {paid}; {spent} is spent")
    require(name, keeper.ask(Ask(user, early)) == first, "an earlier answer is gone")
    retried = [keeper.ask(ask) for ask in asks]
    kept = all(
        now == then for now, then in zip(retried, replies, strict=True) if then.outcome is ClientOutcome.ANSWERED
    )
    require(name, kept and answered(retried) == len(asks), "a repeated query has no answer, or another one")
    charged(name, keeper, user, multiplier, CLIENTS)


PROPERTIES: Sequence[Property] = (
    exactly_as_many_as_the_budget_pays_for,
    every_process_sees_the_same_account,
    never_overspent_by_clients_at_once,
    never_overspent_by_a_tenants_users,
    a_key_is_charged_once,
    noise_that_was_drawn_stays_paid,
    a_restart_forgets_nothing,
    a_crash_of_the_store_loses_no_answer,
)
