"""Requests, repetitions, losses, kills and restarts in any order, beside a model that only counts."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from suites.privacy.accounts import ROUNDING, Ask, ClientOutcome, Fate, Keeper, bounded, require
from suites.privacy.keeper_properties import cost_of, new_key

_STEPS = 25
_NAME = "the_ledger_follows_the_model"


def the_ledger_follows_the_model(keeper: Keeper) -> None:
    """Whatever the order of requests and accidents, every key is charged once, answered by one answer, and refused only
    when the budget does not pay for it.
    """
    run_state_machine_as_test(_machine(keeper), settings=bounded(keeper.examples, shrink=False, steps=_STEPS))


def _machine(keeper: Keeper) -> Any:  # noqa: ANN401, C901  Hypothesis wants a class, which closes over the keeper
    processes = st.integers(0, keeper.processes - 1)

    class Machine(RuleBasedStateMachine):
        asked = Bundle("asked")

        def __init__(self) -> None:
            super().__init__()
            self.multiplier, self.affordable, self.user = 0.0, 0, ""
            self.answers: dict[str, object] = {}  # by key; None: charged, and not answered yet

        @initialize(multiplier=st.sampled_from(keeper.noise_multipliers), affordable=st.integers(1, 6))
        def begin(self, multiplier: float, affordable: int) -> None:
            self.multiplier, self.affordable = multiplier, affordable
            self.user = keeper.open(multiplier, cost_of(keeper, multiplier, affordable))

        @rule(target=asked, process=processes, fate=st.sampled_from((Fate.ANSWERED, Fate.ANSWERED, Fate.LOST)))
        def ask(self, process: int, fate: Fate) -> str:
            return self._ask(new_key(), process, fate)

        @rule(key=asked, process=processes)
        def repeat(self, key: str, process: int) -> None:
            self._ask(key, process, Fate.ANSWERED)

        @rule(key=asked, process=processes)
        def reuse(self, key: str, process: int) -> None:
            if key in self.answers:
                reply = keeper.ask(Ask(self.user, key, query=1, process=process))
                require(_NAME, reply.outcome is ClientOutcome.CONFLICT, f"another query under a used key got {reply}")

        @precondition(lambda _: keeper.restarts_cheaply)
        @rule(target=asked, process=processes)
        def die(self, process: int) -> str:
            return self._ask(new_key(), process, Fate.KILLED)

        @precondition(lambda _: keeper.restarts_cheaply)
        @rule(process=processes)
        def restart(self, process: int) -> None:
            keeper.restart(process)

        @rule(process=processes)
        def account(self, process: int) -> None:
            said, true = keeper.spent(self.user, process), cost_of(keeper, self.multiplier, len(self.answers))
            agreed = math.isclose(said, true, rel_tol=ROUNDING)
            require(_NAME, agreed, f"process {process} says {said}; {len(self.answers)} releases cost {true}")

        def _ask(self, key: str, process: int, fate: Fate) -> str:
            reply = keeper.ask(Ask(self.user, key, process=process), fate)
            if key not in self.answers and len(self.answers) == self.affordable:
                require(_NAME, reply.outcome is ClientOutcome.REFUSED, f"beyond the budget: {reply}")
                return key
            if fate is not Fate.ANSWERED:
                require(_NAME, reply.outcome is ClientOutcome.NOTHING, f"{fate.value}: {reply}")
                self.answers.setdefault(key, None)
                return key
            require(_NAME, reply.outcome is ClientOutcome.ANSWERED, f"within the budget: {reply}")
            earlier = self.answers.get(key)
            require(_NAME, earlier in (None, reply.answer), f"first {earlier}, then {reply.answer}")
            self.answers[key] = reply.answer
            return key

        def teardown(self) -> None:
            if self.user:
                self.account(0)

    return Machine
