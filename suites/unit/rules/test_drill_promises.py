"""Each scenario is judged by its own promise, and one that could not be played is named, whatever the others show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from checks.catalogue import catalogue
from checks.evaluate import evaluate
from checks.model import CannotLookError, NotDeclaredError, Reason, Result, Status
from checks.policy import load_policy
from checks.targets import Continuity, Drill, RecoveryPromise

pytestmark = pytest.mark.unit

_KEPT = Drill(
    scenario="",
    fault="f",
    resolution_s=0.04,
    rto_s=7.0,
    read_rto_s=6.0,
    longest_gap_s=6.9,
    replicas=2,
    redundancy_s=9.0,
    ack_age_s=0.02,
    acknowledged=900,
    lost=(),
    lost_span_s=0.0,
    corrupt=(),
    duplicate=(),
    failed_yet_present=(),
    complete_read=True,
    two_primaries_seen=False,
    primary_samples=500,
    unanswered=0,
    unseen=(),
    clock_skew_s=0.0,
    ledger_intact=True,
)
_GOES_ON = RecoveryPromise(Continuity.CONTINUE, Continuity.CONTINUE, gap_s=8.0)
_WAITS = RecoveryPromise(Continuity.WAIT, Continuity.WAIT)
_WAITED = replace(
    _KEPT, promise=_WAITS, rto_s=None, read_rto_s=None, longest_gap_s=90.0, healed_rto_s=4.0, healed_read_rto_s=3.0
)


class _Drills:
    def __init__(self, played: Mapping[str, Drill | CannotLookError]) -> None:
        self._played = dict(played)

    def scenarios(self) -> tuple[str, ...]:
        return tuple(self._played)

    def drill(self, scenario: str) -> Drill:
        played = self._played[scenario]
        if isinstance(played, CannotLookError):
            raise played
        return replace(played, scenario=scenario)


def _verdict(check: str, may_degrade: tuple[str, ...] = ("s",), **played: Drill | CannotLookError) -> Result:
    rule = next(rule for rule in catalogue() if rule.id == f"recovery/{check}")
    policy = load_policy("default")
    recovery = policy.recovery.model_copy(update={"may_degrade": may_degrade})
    policy = policy.model_copy(update={"recovery": recovery})
    return evaluate(rule, lambda _: _Drills(played), policy, target="a test")


def _in_time(drill: Drill) -> Result:
    return _verdict("recovery_time_within_objective", s=drill)


@pytest.mark.parametrize("drill", [_KEPT, replace(_KEPT, promise=_GOES_ON), _WAITED])
def test_a_promise_that_was_kept(drill: Drill) -> None:
    assert _in_time(drill).status is Status.PASS


@pytest.mark.parametrize(
    ("drill", "words"),
    [
        (replace(_KEPT, rto_s=None), "s: writes: never stable again before the fault was healed; 60 s are allowed"),
        (replace(_KEPT, longest_gap_s=61.0), "s: longest gap between acknowledgements: 61.00 s; 60 s are allowed"),
        (
            replace(_KEPT, promise=_GOES_ON, longest_gap_s=8.1),
            "s: longest gap between acknowledgements: 8.10 s; 8 s are allowed",
        ),
        (
            replace(_KEPT, promise=_GOES_ON, longest_read_gap_s=8.1),
            "s: longest gap between answers to reads: 8.10 s; 8 s are allowed",
        ),
        (replace(_KEPT, promise=_GOES_ON, rto_s=61.0), "s: writes: stable after 61.00 s, to within 0.04 s; 60 s"),
        (replace(_WAITED, healed_rto_s=None), "s: writes: never stable again after the heal; 60 s are allowed"),
        (
            replace(_WAITED, healed_read_rto_s=61.0),
            "s: reads: stable after 61.00 s of the heal, until which it may wait",
        ),
    ],
)
def test_a_promise_that_was_broken(drill: Drill, words: str) -> None:
    seen = _in_time(drill)
    assert seen.status is Status.FAIL
    assert len(seen.broken) == 1
    assert f"{seen.broken[0].subject}: {seen.broken[0].message}".startswith(words)


def test_what_must_be_withheld_is_answered_by_nobody() -> None:
    """And somebody must have asked."""
    withheld = replace(
        _WAITED, promise=RecoveryPromise(reads=Continuity.WITHHOLD), rto_s=7.0, longest_gap_s=6.9, reads_while_broken=12
    )
    assert _in_time(withheld).status is Status.PASS
    seen = _in_time(replace(withheld, answered_while_broken=1))
    assert [finding.message for finding in seen.broken] == ["1 of 12 reads were answered while it was broken"]
    unasked = _in_time(replace(withheld, reads_while_broken=2))
    assert (unasked.status, unasked.reason) == (Status.UNKNOWN, Reason.TOO_FEW_SAMPLES)
    assert _verdict("recovery_time_within_objective", (), s=withheld).status is Status.FAIL  # the policy must let it


def test_a_drill_that_was_not_halted_in_time() -> None:
    seen = _in_time(replace(_KEPT, promise=_GOES_ON, unhalted_s=1.6))
    assert [finding.message for finding in seen.broken] == [
        "left broken for 1.60 s beyond the promise; 1.5 s are allowed"
    ]
    assert _in_time(replace(_KEPT, unhalted_s=1.6)).status is Status.PASS  # it promised no such thing


def test_nobody_takes_over_where_that_is_promised() -> None:
    took = replace(_KEPT, took_over=("pg2",))
    assert _verdict("one_writable_primary", s=took).status is Status.PASS
    seen = _verdict("one_writable_primary", s=replace(took, promise=RecoveryPromise(takeover=False)))
    assert [finding.message for finding in seen.broken] == ["pg2 did"]


def test_redundancy_is_asked_for_where_it_is_promised() -> None:
    thin = replace(_KEPT, redundancy_s=None)
    assert _verdict("redundancy_restored", s=thin).status is Status.FAIL
    spared = _verdict("redundancy_restored", s=replace(thin, promise=RecoveryPromise(redundancy=False)))
    assert spared.status is Status.PASS
    assert spared.findings[1].message == "one did not come back in time; the policy lets one stay away"


def test_a_deployment_promises_less_only_where_the_policy_lets_it() -> None:
    """A weaker promise in its own target file would otherwise be all that it takes to pass."""
    waits = _verdict("recovery_time_within_objective", (), s=_WAITED)
    assert waits.status is Status.FAIL
    assert [finding.subject for finding in waits.broken] == ["s: what may wait"]
    assert _verdict("recovery_time_within_objective", ("s",), **{"s, run 2": _WAITED}).status is Status.PASS
    thin = replace(_KEPT, redundancy_s=None, promise=RecoveryPromise(redundancy=False))
    assert _verdict("redundancy_restored", (), s=thin).status is Status.FAIL


def test_no_promise_lasts_longer_than_the_objective() -> None:
    lax = replace(_KEPT, promise=RecoveryPromise(writes=Continuity.CONTINUE, gap_s=3600), longest_gap_s=61.0)
    seen = _in_time(lax)
    assert [finding.message for finding in seen.broken] == ["61.00 s; 60 s are allowed"]


def test_a_scenario_that_was_not_played_is_named_and_the_others_are_judged() -> None:
    seen = _verdict("one_writable_primary", first=_KEPT, cut=CannotLookError("pg1 cannot be cut"), last=_KEPT)
    assert (seen.status, seen.reason) == (Status.UNKNOWN, Reason.COULD_NOT_LOOK)
    assert seen.explanation == "cut: pg1 cannot be cut"
    assert [finding.subject.partition(":")[0] for finding in seen.findings] == ["first", "last"]
    two = replace(_KEPT, two_primaries_seen=True)
    worse = _verdict("one_writable_primary", cut=CannotLookError("pg1 cannot be cut"), last=two)
    assert worse.status is Status.FAIL
    assert worse.explanation == "and then: cut: pg1 cannot be cut"


def test_what_is_not_declared_is_so_only_where_nothing_else_is_amiss() -> None:
    """A policy may let a deployment lack a fail-over, but not hide that a drill could not be played."""
    lacking = NotDeclaredError("no [drills.a] section", "failover")
    assert _verdict("one_writable_primary", a=lacking).reason is Reason.NOT_DECLARED
    mixed = _verdict("one_writable_primary", a=lacking, b=CannotLookError("not begun"))
    assert (mixed.reason, mixed.explanation) == (
        Reason.COULD_NOT_LOOK,
        "a: no [drills.a] section; b: not begun",
    )


def test_scenarios_that_lack_the_same_are_named_together() -> None:
    left = CannotLookError("left out: --scenario names c", Reason.NOT_RUN)
    seen = _verdict("one_writable_primary", a=left, b=left, c=_KEPT)
    assert (seen.reason, seen.explanation) == (Reason.NOT_RUN, "a, b: left out: --scenario names c")


def test_no_scenario_at_all_is_no_evidence() -> None:
    assert _verdict("one_writable_primary").reason is Reason.EXAMINED_NOTHING
