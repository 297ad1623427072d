"""One router or model server more raises capacity; one less, in the middle of a load, loses nothing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence

from benchmarks.elasticity.bench import Promise, RunningStack
from benchmarks.elasticity.throttle import held_to
from checks.targets import Latencies
from fixtures.services import Service
from fixtures.wait import wait_for
from loadtests.generator.spec import Progress
from loadtests.schedules.profiles import Profile, load_profile, make_profile

SHARE = 0.1  # of a core, for each of the parts that are compared
LEAST_GAIN = 1.5
_READY_S = 60.0
_PRECISION = 0.25
_LOADED = ("warm-up", "measuring")
_USERS, _REMOVAL_RATE, _REMOVAL_S = 60, 15.0, 24.0


def reads() -> Profile:
    """Reads of single patients: work for the routers."""
    return make_profile(
        {
            "name": "reads",
            "users": _USERS,
            "think_s": (0.5, 1.5),
            "warm_up_s": 3,
            "seconds": 20,
            "timeout_s": 10,
            "network": "exempt",
            "roles": {"nurse": 1.0},
            "actions": {"nurse": {"patient.read": 1.0}},
        }
    )


def chats() -> Profile:
    """Chats of sixteen tokens: work for the model servers."""
    return make_profile(
        {
            "name": "chats",
            "users": _USERS,
            "think_s": (5, 15),
            "warm_up_s": 3,
            "seconds": 20,
            "timeout_s": 30,
            "output_tokens": (16, 16),
            "roles": {"clinician": 1.0},
        }
    )


def adding(
    bench: RunningStack, what: str, services: Sequence[Service], profile: Profile, first: float
) -> Iterator[Promise]:
    """Capacity with one of two services, each held to a share of a core, and with both."""
    one, other = services
    with _without(bench, other):
        alone = _limited(bench, f"one {what}", [one], profile, first)
    both = _limited(bench, f"two {what}s", services, profile, alone or first)
    if alone is None or both is None:
        yield Promise(f"a second {what} raises capacity", "no rate held, so nothing can be compared", None)
        return
    yield Promise(
        f"a second {what} raises capacity at least {LEAST_GAIN:g} times",
        f"{alone:.0f} -> {both:.0f} {profile.name}/s, {both / alone:.2f} times; each held to {SHARE:g} of a core",
        both / alone >= LEAST_GAIN,
    )


def removing(bench: RunningStack, service: Service) -> Iterator[Promise]:
    """Stop a service gracefully in the middle of a load, start it again before the end, and count what is lost."""
    profile = load_profile("gate").changed(seconds=_REMOVAL_S).at_rate(_REMOVAL_RATE)
    moments = [(2 / 3, service.stop), (1 / 3, service.start)]
    threads: list[threading.Thread] = []

    def follow(progress: Progress) -> None:
        if moments and progress.phase == "measuring" and progress.left_s <= moments[0][0] * _REMOVAL_S:
            threads.append(threading.Thread(target=moments.pop(0)[1]))
            threads[-1].start()

    bench.say(f"removing {service.name} from a load of {profile.rate:g} requests/s")
    load = bench.send(profile, follow)
    for thread in threads:
        thread.join()
    wait_for(service.ready, what=f"{service.name} is ready", timeout_s=_READY_S)
    found = Latencies.merged("", (kind for kind in load.kinds if ":" not in kind.kind))
    causes = ", ".join(f"{count} {cause}" for cause, count in sorted(found.errors.items())) or "none"
    written = load.written
    whole = load.complete and written is not None and written.complete and not moments
    lost = f"{written.lost} of {written.acknowledged} acknowledged records lost" if written else "nothing was written"
    yield Promise(
        f"{service.name} goes and comes back in mid-load, and no request fails",
        f"{found.total} requests, failures: {causes}; {lost}",
        (not found.failed and written is not None and not written.lost and not written.duplicated) if whole else None,
    )


@contextlib.contextmanager
def _without(bench: RunningStack, service: Service) -> Iterator[None]:
    bench.say(f"without {service.name}")
    service.stop()
    try:
        yield
    finally:
        service.start()
        wait_for(service.ready, what=f"{service.name} is ready", timeout_s=_READY_S)


def _limited(
    bench: RunningStack, what: str, services: Sequence[Service], profile: Profile, first: float
) -> float | None:
    """The rate held while each service is held to its share; not at log-in, where passwords are hashed."""
    held = contextlib.ExitStack()
    loaded = False

    def follow(progress: Progress) -> None:
        nonlocal loaded
        now = progress.phase in _LOADED
        if now and not loaded:
            for service in services:
                process = service.host.process(service.name)
                held.enter_context(held_to(SHARE, [process.pid] if process else [], service.name))
        elif loaded and not now:
            held.close()
        loaded = now

    with held:
        return bench.capacity(what, profile, first=first, precision=_PRECISION, on_progress=follow).bracket.held
