"""A Kubernetes HorizontalPodAutoscaler, simulated on a recorded load: how many replicas when, and what they could not
carry.

The algorithm is that of autoscaling/v2 (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/):
desired = ceil(current x metric / target), the largest over all metrics; nothing within the tolerance of 1; replicas
that are not ready yet count as idle when the number would grow; then the stabilisation windows and the scaling
policies. Pure: a load in, replicas out.

Simplified: a metric is the mean over the last sync period and there at once; all replicas get the same share; a replica
that is asked for is ready ``start_s`` later, whatever its node has to do first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from checks.autoscaler import Autoscaling, ScalingPolicy
from checks.targets import Load

SYNC_S, TOLERANCE = 15, 0.1  # defaults of kube-controller-manager
_OVER_S = 5.0  # a rush of a second is carried by a queue: what is asked is a mean over so long
_DERIVED = ":"
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Demand:
    """What was asked in one second: requests, and by how many users at work."""

    rate: float
    users: float


@dataclass(frozen=True)
class Moment:
    """One second: what was asked, the replicas that the autoscaler asked for, and those of them that served."""

    at_s: int
    rate: float
    replicas: int
    ready: int


@dataclass(frozen=True)
class Shortage:
    """Too few replicas from ``at_s`` to ``until_s``; ``ended`` is whether they became enough before the load was
    over.
    """

    at_s: int
    until_s: int
    ended: bool


@dataclass(frozen=True)
class Scaling:
    """What came of it.

    Args:
        capacity: requests per second of one replica.
        needed: replicas that the highest demand takes.
        beyond: by how many requests the demand exceeded what the ready replicas could carry.
    """

    rule: Autoscaling
    capacity: float
    moments: tuple[Moment, ...]
    shortages: tuple[Shortage, ...]
    needed: int
    requests: float
    beyond: float

    @property
    def short_s(self) -> int:
        """Seconds with too few replicas."""
        return sum(shortage.until_s - shortage.at_s for shortage in self.shortages)

    @property
    def time_to_scale_s(self) -> int | None:
        """From the moment of need to enough ready replicas, the longest; None when it never came to that, 0 without
        need.
        """
        if any(not shortage.ended for shortage in self.shortages):
            return None
        return max((shortage.until_s - shortage.at_s for shortage in self.shortages), default=0)


def simulate(load: Load, rule: Autoscaling, capacity_per_replica: float) -> Scaling:
    """Let the autoscaler follow a recorded load, from the replicas that its beginning takes.

    Args:
        capacity_per_replica: requests per second that one replica carries, e.g. what a capacity search found per
            router.

    Raises:
        ValueError: the load has no record over time, or a replica carries nothing.
    """
    return follow(demands(load), rule, capacity_per_replica)


def demands(load: Load) -> tuple[Demand, ...]:
    """What a load asked, second by second, as means over five seconds.

    Raises:
        ValueError: it has no record over time.
    """
    inside = [each for each in load.slices if each.at_s < load.seconds]
    if not inside:
        msg = f"the load '{load.profile}' has no record over time"
        raise ValueError(msg)
    together = max(round(_OVER_S / load.slice_s), 1)
    found = []
    for second in range(math.ceil(load.seconds)):
        first = int(second / load.slice_s) // together * together
        group = inside[first : first + together]
        asked = sum(kind.total for each in group for kind in each.kinds if _DERIVED not in kind.kind)
        users = sum(each.users for each in group)
        found.append(Demand(asked / (max(len(group), 1) * load.slice_s), users / max(len(group), 1)))
    return tuple(found)


def follow(asked: Sequence[Demand], rule: Autoscaling, capacity: float) -> Scaling:
    """The same for any demand of at least one second.

    Raises:
        ValueError: a replica carries nothing.
    """
    if capacity <= 0:
        msg = f"a replica that carries {capacity:g} requests/s carries nothing"
        raise ValueError(msg)
    scaler = _Autoscaler(rule, capacity, asked[0])
    moments = []
    for second, demand in enumerate(asked):
        if second and second % SYNC_S == 0:
            seen = asked[second - SYNC_S : second]
            scaler.sync(second, Demand(sum(d.rate for d in seen) / SYNC_S, sum(d.users for d in seen) / SYNC_S))
        moments.append(Moment(second, demand.rate, len(scaler.ready_at), scaler.ready(second)))
    return Scaling(
        rule,
        capacity,
        tuple(moments),
        tuple(_shortages(moments, capacity)),
        needed=max(_replicas(demand.rate, capacity) for demand in asked),
        requests=sum(d.rate for d in asked),
        beyond=sum(max(m.rate - m.ready * capacity, 0.0) for m in moments),
    )


def _shortages(moments: Sequence[Moment], capacity: float) -> Iterator[Shortage]:
    for short, group in groupby(moments, lambda moment: moment.rate > moment.ready * capacity):
        inside = list(group)
        if short:
            until_s = inside[-1].at_s + 1
            yield Shortage(inside[0].at_s, until_s, ended=until_s < len(moments))


def _replicas(amount: float, each: float) -> int:
    """The fewest replicas that carry an amount; what floating point leaves over does not take one more."""
    return math.ceil(amount / each - _ROUNDING)


class _Autoscaler:
    """The controller's state: when each replica is ready, and what it recommended and did.

    It starts as if the first demand had lasted for ever.
    """

    def __init__(self, rule: Autoscaling, capacity: float, first: Demand) -> None:
        self._rule, self._capacity = rule, capacity
        replicas = self._within(max(_replicas(amount, target) for amount, target, _ in self._metrics(first)))
        self.ready_at: list[float] = [-math.inf] * replicas
        longest = max(rule.up.window_s, rule.down.window_s)
        self._recommended: list[tuple[float, int]] = [(-s, replicas) for s in range(0, int(longest) + 1, SYNC_S)]
        self._changes: list[tuple[float, int]] = []

    def ready(self, at_s: float) -> int:
        """How many replicas serve."""
        return sum(ready_at <= at_s for ready_at in self.ready_at)

    def sync(self, at_s: float, seen: Demand) -> None:
        """One turn of the control loop, on the mean of what was asked since the last one."""
        current = len(self.ready_at)
        ready = self.ready(at_s)
        wanted = [
            _one_metric(min(amount, most * ready), target, current, ready)
            for amount, target, most in self._metrics(seen)
        ]
        change = self._paced(at_s, current, self._stabilised(at_s, current, self._within(max(wanted)))) - current
        if change > 0:
            self.ready_at += [at_s + self._rule.start_s] * change
        elif change < 0:  # the youngest go first, as a ReplicaSet prefers those that are not ready
            del self.ready_at[change:]
        self._changes.append((at_s, change))

    def _within(self, replicas: int) -> int:
        return min(max(replicas, self._rule.min_replicas), self._rule.max_replicas)

    def _metrics(self, demand: Demand) -> Iterator[tuple[float, float, float]]:
        """Per metric, how much of it there is in all, the target per replica, and the most that a replica can show of
        it.
        """
        rule = self._rule
        if rule.utilisation is not None:  # a processor is never more than busy, however much is asked of it
            yield demand.rate / self._capacity, rule.utilisation, 1.0
        if rule.requests_per_s is not None:
            yield demand.rate, rule.requests_per_s, math.inf
        if rule.users is not None:
            yield demand.users, rule.users, math.inf

    def _stabilised(self, at_s: float, current: int, desired: int) -> int:
        """The most careful recommendation of each window: fewest on the way up, most on the way down."""
        up = min([desired, *self._since(at_s - self._rule.up.window_s)])
        down = max([desired, *self._since(at_s - self._rule.down.window_s)])
        self._recommended.append((at_s, desired))
        return min(max(current, up), down)

    def _since(self, cut_s: float) -> list[int]:
        return [replicas for at_s, replicas in self._recommended if at_s > cut_s]

    def _paced(self, at_s: float, current: int, desired: int) -> int:
        """As far towards what is desired as the scaling policies let it go now."""
        direction, sign = (self._rule.up, 1) if desired > current else (self._rule.down, -1)
        if direction.select == "disabled":
            return current
        select = max if direction.select == "max" else min
        steps = (
            sign * (_reached(pace, self._then(at_s, current, pace), sign) - current) for pace in direction.policies
        )
        return current + sign * min(abs(desired - current), max(select(steps), 0))

    def _then(self, at_s: float, current: int, pace: ScalingPolicy) -> int:
        """How many replicas there were when a policy's period began."""
        return current - sum(change for changed_s, change in self._changes if changed_s > at_s - pace.period_s)


def _one_metric(amount: float, target: float, current: int, ready: int) -> int:
    """What one metric asks for."""
    if not ready:
        return current
    ratio, counted = amount / ready / target, ready
    if ratio > 1 and ready < current:
        ratio, counted = amount / current / target, current  # those that are not ready yet are taken for idle
        if ratio < 1:
            return current
    return current if abs(ratio - 1) <= TOLERANCE + _ROUNDING else _replicas(ratio * counted, 1)


def _reached(pace: ScalingPolicy, replicas: int, sign: int) -> int:
    """Where a policy ends, up (``sign`` 1) or down (-1), that began with so many replicas: rounded away from them."""
    if pace.percent is None:
        return replicas + sign * (pace.pods or 0)
    return replicas + sign * math.ceil(replicas * pace.percent / 100 - _ROUNDING)


def describe(scaling: Scaling) -> str:
    """Lines for a person: every change, and what it came to."""
    rule, capacity = scaling.rule, scaling.capacity
    kept = (
        (rule.utilisation, "{:.0%} of that"),
        (rule.requests_per_s, "{:g} requests/s"),
        (rule.users, "{:g} users"),
    )
    targets = " and ".join(text.format(value) for value, text in kept if value is not None)
    title = (
        f"Autoscaling, simulated: {rule.min_replicas} to {rule.max_replicas} replicas that carry {capacity:g} "
        f"requests/s each, kept at {targets}; a new one serves after {rule.start_s:g} s"
    )
    lines = [title, f"{'at s':>8} {'asked/s':>9} {'needed':>7} {'replicas':>9} {'ready':>6}"]
    shown: tuple[int, int, bool] | None = None
    for moment in scaling.moments:
        needed = _replicas(moment.rate, capacity)
        state = (moment.replicas, moment.ready, moment.rate > moment.ready * capacity)
        if state != shown:
            numbers = f"{moment.at_s:8} {moment.rate:9.1f} {needed:7} {moment.replicas:9} {moment.ready:6}"
            lines.append(numbers + ("  too few" if state[2] else ""))
            shown = state
    return "\n".join([*lines, summary(scaling)])


def summary(scaling: Scaling) -> str:
    """What it came to, in a sentence or two."""
    needed = f"The highest demand takes {scaling.needed} replicas"
    if scaling.needed > scaling.rule.max_replicas:
        needed += f", more than the {scaling.rule.max_replicas} that are allowed"
    if not scaling.shortages:
        return f"{needed}; there were always enough."
    took = scaling.time_to_scale_s
    scaled = "there were not enough to the end" if took is None else f"enough were ready {took} s after the need"
    return (
        f"{needed}; {scaled}. Too few for {scaling.short_s} s; {scaling.beyond:.0f} of {scaling.requests:.0f} requests "
        f"({scaling.beyond / scaling.requests:.1%}) were beyond what was ready."
    )
