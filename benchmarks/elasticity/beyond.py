"""Far beyond capacity for a quarter of a minute: what is refused, how fast, what waits, and how it recovers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.elasticity.bench import Promise, RunningStack
from checks.application import Request
from checks.model import CannotLookError, Status
from checks.targets import Latencies, Load
from fixtures.application.connections import Connections
from fixtures.application.people import person_of
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.site import declared
from fixtures.watch.loads import LoadWatch
from fixtures.watch.observed import ObservedStack
from loadtests.capacity.saturation import Resource, ResourceKind
from loadtests.generator.spec import Progress
from loadtests.schedules.profiles import load_profile

TIMES = 3.0  # capacity
_SECONDS, _USERS = 90.0, 240
_EVERY_S, _ADDRESS = 0.15, 50  # below the edge's limit per client; which of the harness's addresses
_PATIENCE_S = 5.0
_REFUSALS = (429, 503)
_QUESTION = Request(
    "POST", "/v1/chat/completions", json={"messages": [{"role": "user", "content": "?"}], "max_tokens": 1}
)
_LINES = ("requests at a time", "waiting for a model server")
_CHECKS = ("overload_refused_fast", "recovers_after_spike")


@dataclass
class _Asked:
    """What the refusals' headers say; the load itself does not record them."""

    refused: int = 0
    without_retry_after: int = 0
    strange: str = ""


def beyond(bench: RunningStack, capacity: float) -> Iterator[Promise]:
    """Send a spike of three times the capacity and look."""
    profile = load_profile("spike").changed(users=_USERS, seconds=_SECONDS).at_rate(TIMES * capacity)
    sight = ObservedStack(bench.stack)
    watch = LoadWatch(sight, bench.policy.performance.generator_cpu_limit)
    asked, over = _Asked(), threading.Event()
    thread = threading.Thread(target=_ask, args=(bench, asked, over), daemon=True)

    def follow(progress: Progress) -> None:
        watch.follow(progress)
        if progress.phase == "measuring" and not thread.ident:
            thread.start()
        if progress.phase == "draining":
            over.set()

    bench.say(f"beyond capacity: {profile.arrival}, {profile.users} users")
    load = bench.send(profile, follow)
    over.set()
    seen = watch.seen(load)
    yield from _checked(bench, load)
    yield time_outs(load)
    yield Promise(
        "a refusal says when to come back (Retry-After)",
        f"{asked.refused} refusals looked at, {asked.without_retry_after} without{asked.strange}",
        (not asked.without_retry_after and not asked.strange) if asked.refused else None,
    )
    yield _bounded(seen)


def _checked(bench: RunningStack, load: Load) -> Iterator[Promise]:
    """What the checks of spikes say, finding by finding."""
    for result in bench.results(load):
        if result.check_id.rpartition("/")[2] in _CHECKS:
            for finding in result.findings:
                yield Promise(finding.subject, finding.message, finding.ok)
            if result.status is Status.UNKNOWN:
                yield Promise(result.check_id, result.explanation, None)


def time_outs(load: Load) -> Promise:
    """Of all requests, whatever their kind."""
    found = Latencies.merged("", (kind for kind in load.kinds if ":" not in kind.kind))
    late = found.errors.get("time-out", 0)
    causes = ", ".join(f"{count} {cause}" for cause, count in sorted(found.errors.items())) or "none"
    return Promise("no request times out", f"{found.total} requests; failures: {causes}", not late)


def _bounded(seen: tuple[Resource, ...]) -> Promise:
    lines = [
        r
        for r in seen
        if r.kind in (ResourceKind.LINE, ResourceKind.PLACES) and any(r.name.endswith(line) for line in _LINES)
    ]
    shown = ", ".join(f"{r.name} {r.amount()}" for r in lines)
    within = all(r.limit is not None and r.used <= r.limit for r in lines)
    return Promise("what waits is bounded", shown, within if lines else None)


def _ask(bench: RunningStack, asked: _Asked, over: threading.Event) -> None:
    """Ask for the shortest answer again and again, from an address of its own, and look at the refusals' headers."""
    site = Deployment(bench.target).site
    account = next(account for account in declared(bench.target.api, "api").accounts if account.role == "physician")
    physician = person_of(account, site.source(_ADDRESS))
    session, line = site.client.session(physician), Connections(replace(site.endpoint, timeout_s=_PATIENCE_S))
    while not over.wait(_EVERY_S):
        try:
            answer = line.exchange(_QUESTION, session, source=physician.source, member=False)
        except CannotLookError as problem:
            asked.strange = f"; {problem}"
            continue
        asked.refused += answer.status in _REFUSALS
        asked.without_retry_after += answer.status in _REFUSALS and "retry-after" not in answer.headers
        if answer.status not in (200, *_REFUSALS):
            asked.strange = f"; status {answer.status}"
