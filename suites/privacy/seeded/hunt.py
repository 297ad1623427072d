"""The seeded bugs, the property that each breaks first, and the hunt: the very properties that the product has."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from fixtures.lab.laboratory import Laboratory
from suites.privacy import keeper_properties, pure_properties
from suites.privacy.accounts import Accountant, BrokenError, Keeper
from suites.privacy.machine import the_ledger_follows_the_model
from suites.privacy.seeded import formulas, ledgers

LEDGER_PROPERTIES = (*keeper_properties.PROPERTIES, the_ledger_follows_the_model)
Hunt = Callable[[Laboratory], str]


@dataclass(frozen=True)
class Bug:
    """A seeded bug.

    Args:
        name: what is wrong.
        breaks: the first property that fails.
        hunt: runs the properties in their order; the name of the first that fails, empty when all hold.
    """

    name: str
    breaks: str
    hunt: Hunt


@dataclass(frozen=True)
class Found:
    """What a hunt ended with, after so many seconds."""

    broken: str
    seconds: float


def find(bug: Bug, lab: Laboratory) -> Found:
    """Hunt for a bug."""
    began = time.monotonic()
    broken = bug.hunt(lab)
    return Found(broken, time.monotonic() - began)


def _first_broken(properties: Sequence[Callable[[], None]]) -> str:
    for holds in properties:
        try:
            holds()
        except BrokenError as broken:
            return broken.name
    return ""


def _formula(accountant: Accountant, lab: Laboratory) -> str:
    del lab  # a formula needs no service
    return _first_broken([partial(holds, accountant) for holds in pure_properties.PROPERTIES])


def _ledger(made: Callable[..., AbstractContextManager[Keeper]], lab: Laboratory) -> str:
    with lab.bench() as bench, made(bench) as keeper:
        return _first_broken([partial(holds, keeper) for holds in LEDGER_PROPERTIES])


BUGS = (
    Bug("missing log", "never_below_pld", partial(_formula, formulas.missing_log())),
    Bug("squared scale", "never_below_pld", partial(_formula, formulas.squared_scale())),
    Bug("wrong order grid", "composition_equals_rdp", partial(_formula, formulas.wrong_order_grid())),
    Bug("float drift", "exactly_as_many_as_the_budget_pays_for", partial(_ledger, ledgers.float_drift)),
    Bug("check-then-act race", "never_overspent_by_clients_at_once", partial(_ledger, ledgers.check_then_act)),
    Bug("refund after noise", "noise_that_was_drawn_stays_paid", partial(_ledger, ledgers.refund_after_noise)),
    Bug("per-process budgets", "exactly_as_many_as_the_budget_pays_for", partial(_ledger, ledgers.per_process_budgets)),
    Bug("budget lost on restart", "a_crash_of_the_store_loses_no_answer", partial(_ledger, ledgers.lost_on_restart)),
)
