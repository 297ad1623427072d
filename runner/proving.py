"""Proving a check: it must FAIL on each of its violations and PASS on the clean twin, on real services of the lab."""

from __future__ import annotations

import time
import typing
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from checks.evaluate import evaluate
from checks.model import CannotLookError, Check, Reason, Result, Status, Violation
from checks.policy import Policy
from fixtures.lab.builders import LabBuilder, clean_twin
from fixtures.lab.laboratory import Bench, Laboratory, lab_driver
from runner.order import room_of

_WORKERS = 5  # most of a proof is waiting for a service to start


@dataclass(frozen=True)
class ProofCase:
    """One proof to make: a check on one of its violations, or on the clean twin when ``violation`` is None."""

    rule: Check
    violation: Violation | None

    def __repr__(self) -> str:
        """Its name: reports name tests by it, the same in every run."""
        return self.name

    @property
    def name(self) -> str:
        """E.g. ``tls/legacy_protocols_refused on edge offering tls11``."""
        twin = "clean twin" if self.violation is None else self.violation.__name__.strip("_").replace("_", " ")
        return f"{self.rule.id} on {twin}"

    @property
    def wanted(self) -> Status:
        """What a sound check says."""
        return Status.PASS if self.violation is None else Status.FAIL


@dataclass(frozen=True)
class ProofResult:
    """What came of a proof, and when (UTC)."""

    case: ProofCase
    result: Result
    at: datetime

    @property
    def proven(self) -> bool:
        """Whether the check said what it had to."""
        return self.result.status is self.case.wanted


def proof_cases(rules: Iterable[Check]) -> list[ProofCase]:
    """Every proof that these checks need, each room's spread over all: rooms whose proofs wait for a service are beside
    rooms whose proofs compute.
    """
    rooms = defaultdict[str, list[ProofCase]](list)
    for rule in rules:
        rooms[room_of(rule)] += [ProofCase(rule, violation) for violation in (None, *rule.violations)]
    places = [(number / len(cases), case) for cases in rooms.values() for number, case in enumerate(cases)]
    return [case for _, case in sorted(places, key=lambda placed: placed[0])]


def exempted(rule: Check, policy: Policy, target: str) -> Result | None:
    """The result of a check that the policy leaves out, with its reason; None of any other check."""
    reason = policy.exempts(rule.id)
    return None if reason is None else rule.result(Status.NOT_APPLICABLE, target=target, explanation=reason)


def make(case: ProofCase, lab: Laboratory, policy: Policy) -> ProofResult:
    """Build the target and run the check on it. A target that cannot be built makes the outcome UNKNOWN."""
    with lab.bench() as bench:
        return _make(case, lab, bench, policy)


def _make(case: ProofCase, lab: Laboratory, bench: Bench, policy: Policy) -> ProofResult:
    build = case.violation or case.rule.clean
    built_kind = typing.get_type_hints(build)["return"] if build else None

    def find(kind: type) -> object:
        return build(LabBuilder(bench)) if build and kind is built_kind else clean_twin(lab, kind)

    def find_or_explain(kind: type) -> object:
        try:
            return find(kind)
        except CannotLookError:
            raise
        except Exception as problem:
            msg = f"the lab could not build its {kind.__name__}: {type(problem).__name__}: {problem}"
            raise CannotLookError(msg, Reason.CRASHED) from problem

    at, began = datetime.now(UTC), time.monotonic()
    result = evaluate(case.rule, find_or_explain, policy, target=f"lab: {case.name}")
    return ProofResult(case, replace(result, duration_s=time.monotonic() - began), at)


def make_if_applicable(case: ProofCase, lab: Laboratory, policy: Policy) -> ProofResult:
    """`make`, unless the policy leaves the check out: what is never green needs no proof."""
    result = exempted(case.rule, policy, f"lab: {case.name}")
    return ProofResult(case, result, datetime.now(UTC)) if result else make(case, lab, policy)


Proving = Callable[[ProofCase], ProofResult]


class Prover:
    """Makes proofs side by side in the background; each outcome is awaited by the test that reports it.

    None is made for a check that the policy leaves out.

    Args:
        driver: of the reference stack, if told: with ``docker``, this machine need not have the programs of the lab.
    """

    def __init__(self, wanted: list[ProofCase], policy: Policy, driver: str = "") -> None:
        self._lab = Laboratory(lab_driver(driver), policy)
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="proof")
        self._outcomes: dict[str, Future[ProofResult]] = {
            case.name: self._pool.submit(make_if_applicable, case, self._lab, policy) for case in wanted
        }

    def outcome(self, case: ProofCase) -> ProofResult:
        """Wait for what comes of a proof that was asked for."""
        return self._outcomes[case.name].result()

    def close(self) -> None:
        """Give up what has not begun, and remove everything that the lab started."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._lab.close()  # what a proof waits for is gone, so it ends
        self._pool.shutdown(wait=True)
        self._lab.close()  # with what it may still have written
