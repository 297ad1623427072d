"""Service is back, stably, within the recovery time objective (45 CFR 164.308(a)(7)(ii)(B), (C); NIST SP 800-34 RTO).

One answer is no recovery: the time runs to the acknowledgement that opens a window in which every write succeeds. What
may wait until the heal, as a scenario declares and the policy lets it, has the objective from then on; what goes on has
a bound for the longest time without an answer, beyond which a drill is halted; and what must be withheld until the heal
is answered by nobody before.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from checks.lab import DrillFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.policy import Policy, RecoveryPolicy
from checks.recovery._record import judged
from checks.targets import Continuity, Drill, Drills, RecoveryPromise, scenario_of

_REMEDY = "find out what took longest, detection, promotion or routing, and shorten it"

_GOES_ON = RecoveryPromise(writes=Continuity.CONTINUE, gap_s=2.5)
_WAITS = RecoveryPromise(writes=Continuity.WAIT, reads=Continuity.WAIT)
_WITHHOLDS = RecoveryPromise(reads=Continuity.WITHHOLD)
_FEWEST_REFUSED = 3
_HALTING_S = 1.5  # a busy machine looks that seldom


def _never_comes_back(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(restarted=False))


def _interrupts_longer_than_promised(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(promise=_GOES_ON, down_s=3.0))


def _waits_for_a_heal_that_brings_nothing_back(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(promise=_WAITS, restarted=False, healed=False))


def _waits_and_the_policy_lets_it_not(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(promise=_WAITS))


def _is_not_halted(lab: Lab) -> Drills:
    promise = RecoveryPromise(writes=Continuity.CONTINUE, gap_s=0.5)
    return lab.build(DrillFlaws(promise=promise, down_s=1.0, halts=False))


def _answers_what_it_must_withhold(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(promise=_WITHHOLDS, degrades=True))


def _serves_what_is_then_lost(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(fenced=False, forgotten=True))


@check(
    gate=Gate.RECOVERY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.308(a)(7)(ii)(B)", "hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(
        _never_comes_back,
        _interrupts_longer_than_promised,
        _waits_for_a_heal_that_brings_nothing_back,
        _waits_and_the_policy_lets_it_not,
        _is_not_halted,
        _answers_what_it_must_withhold,
        _serves_what_is_then_lost,
    ),
)
def recovery_time_within_objective(drills: Drills, policy: Policy) -> Iterator[Finding]:
    """Time to stable writes and to stable reads, and the longest outage that a client felt."""
    yield from judged(drills, partial(_in_time, policy.recovery))


def _in_time(policy: RecoveryPolicy, drill: Drill) -> Iterator[Finding]:
    promise, limit_s = drill.promise, policy.rto_s
    if promise.writes.until_healed or promise.reads.until_healed:
        allowed = scenario_of(drill.scenario) in policy.may_degrade
        yield Finding(
            subject=f"{drill.scenario}: what may wait",
            ok=allowed,
            message=f"requests may wait for the heal: declared, and {'' if allowed else 'not '}let by the policy",
            remedy="serve again before the heal, or name the drill in the policy's [recovery] may_degrade",
        )
    yield _stable("writes", promise.writes, drill.rto_s, drill.healed_rto_s, drill, limit_s)
    yield _stable("reads", promise.reads, drill.read_rto_s, drill.healed_read_rto_s, drill, limit_s)
    if not promise.writes.until_healed:
        yield _gap("acknowledgements", promise.writes, drill.longest_gap_s, drill, limit_s)
    if promise.reads is Continuity.CONTINUE:
        yield _gap("answers to reads", promise.reads, drill.longest_read_gap_s, drill, limit_s)
    if promise.reads is Continuity.WITHHOLD:
        yield from _withheld(drill)
    if Continuity.CONTINUE in (promise.writes, promise.reads):
        yield Finding(
            subject=f"{drill.scenario}: halt rule",
            ok=drill.unhalted_s <= _HALTING_S,
            message=f"left broken for {drill.unhalted_s:.2f} s beyond the promise; {_HALTING_S:g} s are allowed",
            remedy="heal a drill as soon as it breaks more than it declares",
        )
    # Until then every acknowledgement was taken for service: what is too slow even so is too slow.
    if not drill.complete_read:
        msg = "the rows could not all be read back, and the acknowledgement of a write that was lost is no service"
        raise CannotLookError(msg)


def _stable(
    what: str, promised: Continuity, broken_s: float | None, healed_s: float | None, drill: Drill, limit_s: float
) -> Finding:
    """Stable again: after the fault while it lasted, or, where it was declared that this may wait, after the heal."""
    waits = promised.until_healed
    seconds = healed_s if waits else broken_s
    seen = "never stable again after the heal" if waits else "never stable again before the fault was healed"
    if seconds is not None:
        since = " of the heal, until which it may wait" if waits else ""
        seen = f"stable after {seconds:.2f} s{since}, to within {drill.resolution_s:.2f} s"
    return Finding(
        subject=f"{drill.scenario}: {what}",
        ok=seconds is not None and seconds <= limit_s,
        message=f"{seen}; {limit_s:.0f} s are allowed",
        remedy=_REMEDY,
    )


def _withheld(drill: Drill) -> Iterator[Finding]:
    """No answer at all instead of a wrong one.

    Raises:
        CannotLookError: hardly anybody asked.
    """
    asked, answered = drill.reads_while_broken, drill.answered_while_broken
    if asked < _FEWEST_REFUSED and not answered:
        msg = f"only {asked} reads were tried while they had to be refused"
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    yield Finding(
        subject=f"{drill.scenario}: what must be withheld",
        ok=not answered,
        message=f"{answered} of {asked} reads were answered while it was broken",
        remedy="refuse the answer as long as a part that it needs is lacking: a wrong one is worse than none",
    )


def _gap(what: str, promised: Continuity, seconds: float, drill: Drill, limit_s: float) -> Finding:
    allowed = min(drill.promise.gap_s, limit_s) if promised is Continuity.CONTINUE else limit_s
    return Finding(
        subject=f"{drill.scenario}: longest gap between {what}",
        ok=seconds <= allowed,
        message=f"{seconds:.2f} s; {allowed:g} s are allowed",
        remedy=_REMEDY,
    )
