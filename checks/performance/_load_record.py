"""What the record of a load says: whether it may be judged, which requests it has, and how many of them were bad.

load = judgeable(loads.load(), policy.performance)
bad = late_or_failed(requests_of(load, "inference"), 2000)   # how many at least, how many at most
"""

from __future__ import annotations

from checks.application.load import lines_for
from checks.model import CannotLookError, NotDeclaredError, Reason
from checks.performance._early_stopping import BadCount
from checks.policy import PerformancePolicy
from checks.targets import Latencies, Load

_LATE = "generator:late"
DERIVED = ":"  # ``inference.chat:first_token`` is a time inside an ``inference`` request, and no request of its own
FIRST_TOKEN, FIRST_OUTPUT_TOKEN, REFUSED = ":first_token", ":first_output_token", ":refused"
# of a value in us, so many leading bits tell its HDR bucket (three digits), and it is the highest of it
_SUB_BUCKET_BITS = 11


def judgeable(load: Load, policy: PerformancePolicy) -> Load:
    """The load, when it may be judged at all.

    Raises:
        CannotLookError: it did not run to its end, its generator was too busy or too late to be believed, or it had
            fewer users than the promise is made for, or it was another load than the policy asks for.
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
    late = next((kind.percentile(0.95) for kind in load.kinds if kind.kind == _LATE), 0.0)
    if late > policy.generator_late_p95_ms:
        msg = (
            f"the load generator started 5 % of its requests more than {late:.0f} ms late, above"
            f" {policy.generator_late_p95_ms:g} ms: it had no processor when it needed one, so the times are partly its"
            " own"
        )
        raise CannotLookError(msg)
    if load.users < policy.users:
        msg = f"the promise is made for {policy.users} users; the load '{load.profile}' had {load.users}"
        raise CannotLookError(msg)
    if weaker := _weaker_than_promised(load, policy):
        raise CannotLookError(weaker)
    return load


def _weaker_than_promised(load: Load, policy: PerformancePolicy) -> str:
    """Why a load is not the one that the policy asks for, in one sentence; empty where it is."""
    asked, schedule = policy.load_profiles.get(load.profile), load.schedule
    least_s, least_rate = policy.load_seconds or 0.0, policy.load_rate or 0.0
    name = f"the load '{load.profile}'"
    if load.seconds < least_s:
        return f"the promise takes a load of {least_s:g} s; {name} was measured for {load.seconds:g} s"
    if schedule is None:
        return f"{name} does not say what was ordered, and the policy asks for it" if asked or least_rate else ""
    if schedule.rate < least_rate:
        return f"the promise takes {least_rate:g} requests/s; {name} meant to send {schedule.rate:.4g}/s"
    if asked not in (None, schedule.digest):
        return f"the policy asks for another profile of the name: {name} has {schedule.digest[:12]}, not {asked[:12]}"
    return ""


def requests_of(load: Load, *heads: str) -> Latencies:
    """All requests whose kind is one of the heads or begins with it and a dot; every request when none is given.

    Raises:
        CannotLookError: there was no such request.
    """
    name = " and ".join(heads) or "all requests"
    found = Latencies.merged(name, (kind for kind in load.kinds if _is_request(kind, heads)))
    if not found.total:
        msg = f"the load '{load.profile}' sent no request of the kind {name}"
        raise_if_left_out(load, msg, *heads)
        raise CannotLookError(msg, Reason.EXAMINED_NOTHING)
    return found


def raise_if_left_out(load: Load, missed: str, *heads: str) -> None:
    """Say which lines would let the load have what was missed.

    Args:
        heads: of the kinds that were missed, or whole kinds.

    Raises:
        NotDeclaredError: the description of the application leaves some of them out.
    """
    wanted = [kind for kind in load.left_out if kind in heads or (DERIVED not in kind and kind.split(".")[0] in heads)]
    if wanted:
        msg = f"{missed}, which the application file does not describe: add {lines_for(wanted)}"
        raise NotDeclaredError(msg, "load")


def first_tokens_of(load: Load, head: str) -> tuple[Latencies, Latencies]:
    """The requests of a head that are answered as streams, and the times to their first tokens.

    Raises:
        CannotLookError: no answer was streamed.
    """
    times = {k.kind.removesuffix(FIRST_TOKEN): k for k in load.kinds if k.kind.endswith(FIRST_TOKEN)}
    streamed = [k for k in load.kinds if _is_request(k, (head,)) and k.kind in times]
    if not streamed:
        msg = f"the load '{load.profile}' had no streamed answer of the kind {head}"
        untold = (kind for kind in load.left_out if kind.endswith(FIRST_TOKEN) and _is_of(kind, head))
        raise_if_left_out(load, msg, head, *untold)
        raise CannotLookError(msg, Reason.EXAMINED_NOTHING)
    first = Latencies.merged(f"{head}{FIRST_TOKEN}", (times[k.kind] for k in streamed))
    return Latencies.merged(head, streamed), first


def times_inside(load: Load, head: str, part: str) -> Latencies:
    """The times of one kind inside the requests of a head; none at all where the load has none.

    Args:
        part: e.g. `FIRST_OUTPUT_TOKEN`.
    """
    kinds = (kind for kind in load.kinds if kind.kind.endswith(part) and kind.kind.split(".")[0] == head)
    return Latencies.merged(f"{head}{part}", kinds)


def failed(found: Latencies) -> BadCount:
    """The requests that failed."""
    return BadCount(found.failed, found.failed, found.total)


def certainly_over(found: Latencies, limit_ms: float) -> int:
    """How many took longer than a limit wherever they lie in their buckets; `Latencies.over` is the most that may
    have.
    """
    return sum(count for value, count in zip(found.values_ms, found.counts, strict=True) if _below(value) >= limit_ms)


def late_or_failed(found: Latencies, limit_ms: float) -> BadCount:
    """The requests that were not answered, rightly and within ``limit_ms``.

    A failed request is as bad as a slow one. The histogram does not say which of the slow ones failed, nor on which
    side of the limit the times lie that share its bucket.
    """
    most = min(found.over(limit_ms) + found.failed, found.total)
    return BadCount(max(certainly_over(found, limit_ms), found.failed), most, found.total)


def first_token_late_or_none(streamed: Latencies, first: Latencies, limit_ms: float) -> BadCount:
    """The requests whose first token did not come within ``limit_ms``, or that failed at any time.

    Args:
        streamed: the requests; ``first``: the times to the first tokens of those that had one.
    """
    without = max(streamed.total - first.total, 0)
    most = min(first.over(limit_ms) + max(streamed.failed, without), streamed.total)
    return BadCount(max(certainly_over(first, limit_ms) + without, streamed.failed), most, streamed.total)


def evidence_of(load: Load, found: Latencies) -> str:
    """Evidence: the load, its percentiles, its errors, and how late and how busy the generator was."""
    causes = ", ".join(f"{cause}: {count}" for cause, count in sorted(found.errors.items())) or "none"
    left_out = f"\nnot described, so not sent: {', '.join(load.left_out)}" if load.left_out else ""
    busiest = max(load.generators, key=lambda each: each.cpu, default=None)
    which = (
        f"{busiest.name}, the busiest of {len(load.generators)}"
        if busiest and len(load.generators) > 1
        else "generator"
    )
    return (
        f"profile {load.profile}: {load.users} users, {load.arrival}, {load.seconds:g} s, seed {load.seed}\n"
        f"{found.kind}: n={found.total} p50={found.percentile(0.5):.1f} p95={found.percentile(0.95):.1f} "
        f"p99={found.percentile(0.99):.1f} max={found.percentile(1):.1f} ms from the intended start; errors: {causes}\n"
        f"{which}: {load.generator_cpu:.0%} of one core{_lateness(load)}{left_out}"
    )


def _is_request(kind: Latencies, heads: tuple[str, ...]) -> bool:
    return DERIVED not in kind.kind and (not heads or kind.kind.split(".")[0] in heads)


def _is_of(kind: str, head: str) -> bool:
    return kind.split(".", maxsplit=1)[0] == head


def _below(value_ms: float) -> float:
    """What every time in the bucket of a value is longer than."""
    value_us = round(value_ms * 1000)
    return (value_us - (1 << max(value_us.bit_length() - _SUB_BUCKET_BITS, 0))) / 1000


def _lateness(load: Load) -> str:
    late = next((kind for kind in load.kinds if kind.kind == _LATE), None)
    return f", started requests {late.percentile(0.95):.1f} ms late at p95" if late else ""
