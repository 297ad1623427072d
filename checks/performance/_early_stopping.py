"""When a count of bad requests decides a claim about their share, and when more samples are needed.

A claim "at most ``share`` of the requests are bad" after ``bad`` of ``total``:

- holds when so few bad ones would be improbable (at most 1 - confidence) if the true share were ``share`` or more;
- is refuted when so many would be improbable if the true share were ``share`` or less;
- is otherwise undecided.

At confidence 0.99 the first rule is the early-stopping table of MLPerf Inference (inference_policies, "Early Stopping";
Reddi et al. 2020, https://doi.org/10.1109/ISCA45697.2020.00045): 90 queries without one over the limit for a
95th percentile, 130 with one, 259 with five.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from scipy.stats import binom

from checks.model import CannotLookError, Reason
from checks.policy import Performance
from checks.targets import Latencies, Load

DERIVED = ":"  # ``inference:first_token`` is a time inside an ``inference`` request, and no request of its own


class Decision(Enum):
    """What the samples say about a claim."""

    HOLDS = "holds"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


def samples_needed(bad: int, share: float, confidence: float) -> int:
    """The fewest requests, ``bad`` of them bad, that show at most ``share`` to be bad.

    Raises:
        CannotLookError: no number of requests can show it.
    """
    if share <= 0 or confidence >= 1:
        msg = f"no number of requests can show a share of {share:g} with confidence {confidence:g}"
        raise CannotLookError(msg)
    low, high = bad, max(2 * bad, 1)
    while binom.cdf(bad, high, share) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if binom.cdf(bad, middle, share) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def decide(least: int, most: int, total: int, share: float, confidence: float) -> Decision:
    """Decide the claim that at most ``share`` of ``total`` requests are bad.

    Args:
        least: how many are bad at least; refutes the claim.
        most: how many may be bad at most; proves the claim.
        confidence: of either decision, e.g. 0.99.
    """
    if total and binom.sf(least - 1, total, share) <= 1 - confidence:
        return Decision.REFUTED
    if total and binom.cdf(most, total, share) <= 1 - confidence:
        return Decision.HOLDS
    return Decision.UNDECIDED


def examined(load: Load, policy: Performance) -> Load:
    """The load, when it may be judged at all.

    Raises:
        CannotLookError: it did not run to its end, or the generator itself was too busy to be believed.
    """
    if not load.complete:
        msg = f"the load did not run to its end: {load.problem or 'no reason given'}"
        raise CannotLookError(msg)
    if load.generator_cpu > policy.generator_cpu_limit:
        msg = (
            f"the load generator used {load.generator_cpu:.0%} of its core, above {policy.generator_cpu_limit:.0%}: "
            "its own queueing would be read as the deployment's"
        )
        raise CannotLookError(msg)
    return load


def merged(name: str, parts: Iterable[Latencies]) -> Latencies:
    """The latencies of several kinds of request as one kind; exact, since all use the same histogram buckets."""
    counts: dict[float, int] = {}
    errors: dict[str, int] = {}
    for part in parts:
        for value, count in zip(part.values_ms, part.counts, strict=True):
            counts[value] = counts.get(value, 0) + count
        for cause, count in part.errors.items():
            errors[cause] = errors.get(cause, 0) + count
    values = tuple(sorted(counts))
    return Latencies(name, values, tuple(counts[v] for v in values), errors)


def requests_of(load: Load, *prefixes: str) -> Latencies:
    """All requests whose kind is one of the prefixes or begins with it and a dot; every request when none is given.

    Raises:
        CannotLookError: there was no such request.
    """
    name = " and ".join(prefixes) or "all requests"
    found = merged(
        name,
        (
            kind for kind in load.kinds
            if DERIVED not in kind.kind and (not prefixes or kind.kind.split(".")[0] in prefixes)
        ),
    )  # fmt: skip
    if not found.total:
        msg = f"the load '{load.profile}' sent no request of the kind {name}"
        raise CannotLookError(msg, Reason.EXAMINED_NOTHING)
    return found


def p95_holds(found: Latencies, limit_ms: float, confidence: float) -> bool:
    """Whether 95 % of the requests were answered, rightly and within ``limit_ms``.

    A failed request is as bad as a slow one. The histogram does not say which of the slow ones failed, so the claim
    must hold with every failure counted on top, and is refuted only by the larger of the two counts.

    Raises:
        CannotLookError: too few samples to say.
    """
    slow, failed = found.over(limit_ms), sum(found.errors.values())
    decision = decide(max(slow, failed), min(slow + failed, found.total), found.total, 0.05, confidence)
    if decision is Decision.UNDECIDED:
        needed = samples_needed(slow + failed, 0.05, confidence)
        msg = (
            f"{found.kind}: {slow} of {found.total} over {limit_ms:g} ms and {failed} failed do not decide p95 at "
            f"{confidence:.0%} confidence; that needs {needed} requests with as many bad ones"
        )
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    return decision is Decision.HOLDS


def described(load: Load, found: Latencies) -> str:
    """Evidence: the load, its percentiles, its errors, and how late and how busy the generator was."""
    causes = ", ".join(f"{cause}: {count}" for cause, count in sorted(found.errors.items())) or "none"
    return (
        f"profile {load.profile}: {load.users} users, {load.arrival}, {load.seconds:g} s, seed {load.seed}\n"
        f"{found.kind}: n={found.total} p50={found.percentile(0.5):.1f} p95={found.percentile(0.95):.1f} "
        f"p99={found.percentile(0.99):.1f} max={found.percentile(1):.1f} ms from the intended start; errors: {causes}\n"
        f"generator: {load.generator_cpu:.0%} of one core{_lateness(load)}"
    )


def _lateness(load: Load) -> str:
    late = next((kind for kind in load.kinds if kind.kind == "generator:late"), None)
    return f", started requests {late.percentile(0.95):.1f} ms late at p95" if late else ""
