"""The Locust users: each follows a schedule drawn beforehand and starts every request on time.

A request that is slow delays no later one (open model), as the schedule of a clinic does not wait for its computers;
only in a closed loop does a user wait for its answer. Locust keeps the users, here and on workers; its statistics are
not used, because they round.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial

import gevent
from gevent.event import AsyncResult, Event
from locust import User, task
from locust.exception import StopUser

from checks.targets import Written
from loadtests.schedules.arrivals import Arrival
from loadtests.schedules.profiles import Profile, Role
from loadtests.users.account_session import LogInError
from loadtests.users.punctual import Punctual
from loadtests.users.sessions import UserSession


@dataclass
class Stage:
    """What the users of one process share.

    ``opening`` gives the monotonic time at which the measured window opens, once everybody is ready.
    """

    profile: Profile
    waiting: dict[Role, list[tuple[UserSession, tuple[Arrival, ...]]]]
    opening: AsyncResult = field(default_factory=AsyncResult)
    punctual: Punctual = field(default_factory=Punctual)
    admitted: AsyncResult = field(default_factory=AsyncResult)  # whether the first user could log in
    first: bool = True
    ready: int = 0
    answered: int = 0
    done: int = 0
    refusals: list[str] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)

    @property
    def users(self) -> int:
        """How many users this process plays."""
        return self.ready + sum(len(waiting) for waiting in self.waiting.values())


class ScheduledUser(User):  # type: ignore[misc]  # Locust ships no types
    """A user of one role; the stage gives each its session and its schedule."""

    abstract = True
    role: Role
    stage: Stage

    def on_start(self) -> None:
        """Log in, then say so. The first user goes alone: a target that refuses everybody is asked once, not a thousand
        times.
        """
        self._session, self._arrivals = self.stage.waiting[self.role].pop(0)
        first, self.stage.first = self.stage.first, False
        if not first and not self.stage.admitted.get():
            raise StopUser
        try:
            self._session.log_in(self.stage.profile.weights(self.role))
        except Exception as problem:
            crash = "" if isinstance(problem, LogInError) else f"a user crashed at log-in: {type(problem).__name__}: "
            self.stage.refusals.append(f"{crash}{problem}")
            self.stage.admitted.set(False)
            raise StopUser from problem
        self.stage.admitted.set(True)
        self.stage.ready += 1

    @task  # type: ignore[untyped-decorator]  # Locust ships no types
    def live(self) -> None:
        """Follow the schedule to its end, then look for what was written."""
        opening: float = self.stage.opening.get()
        if self.stage.profile.arrivals == "closed":
            self._wait_and_ask(opening)
        else:
            self._ask_on_time(opening)
        self.stage.answered += 1
        if written := self._session.read_back():
            self.stage.written.append(written)
        self._session.close()
        self.stage.done += 1
        raise StopUser

    def _ask_on_time(self, opening: float) -> None:
        if self._arrivals:
            _OpenLoop(self._session, self._arrivals, opening, self.stage.punctual).over.wait()

    def _wait_and_ask(self, opening: float) -> None:
        before = -self.stage.profile.warm_up_s
        for arrival in self._arrivals:
            first = before == -self.stage.profile.warm_up_s
            pause = arrival.at_s - before - (time.monotonic() - opening - before if first else 0)
            gevent.sleep(max(pause, 0))
            before, now = arrival.at_s, time.monotonic()
            if now - opening >= self.stage.profile.seconds:
                break
            self._session.perform(arrival, now - opening, now, measured=now >= opening)


class _OpenLoop:
    """A schedule under way: every request starts on time, however long the ones before it take.

    ``over`` is set when all have ended.
    """

    def __init__(self, session: UserSession, arrivals: tuple[Arrival, ...], opening: float, punctual: Punctual) -> None:
        self._session, self._opening, self._punctual = session, opening, punctual
        self._upcoming, self._left = iter(arrivals), len(arrivals)
        self.over = Event()
        self._plan()

    def _plan(self) -> None:
        if arrival := next(self._upcoming, None):
            self._punctual.at(self._opening + arrival.at_s, partial(self._ask, arrival))

    def _ask(self, arrival: Arrival) -> None:
        self._plan()
        self._session.perform(arrival, arrival.at_s, self._opening + arrival.at_s, measured=arrival.measured)
        self._left -= 1
        if not self._left:
            self.over.set()


def users_on(stage: Stage) -> list[type[ScheduledUser]]:
    """One Locust class per role that waits on the stage, with the count of its users."""
    return [
        type(f"{role.capitalize()}User", (ScheduledUser,), {"role": role, "stage": stage, "fixed_count": len(waiting)})
        for role, waiting in stage.waiting.items()
    ]
