"""What the parts of this benchmark share: the stack, how loads are sent to it and judged, and what a promise is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from checks.model import Result
from checks.policy import Policy, load_policy
from checks.targets import Load
from commands.show_capacity import step_line
from fixtures.deployment.target_file import read_target
from fixtures.hosts import HostError
from fixtures.stack import runs
from fixtures.stack.topology import Stack
from fixtures.targets.load.capacity import CapacityRequest, find_capacity
from fixtures.targets.load.target import client_host, load_spec, send
from loadtests.capacity.search import Capacity, CapacityStep, Judgement, SearchTerms, judged
from loadtests.generator.spec import Progress
from loadtests.schedules.profiles import Profile
from runner.load_judge import judge_load

Say = Callable[[str], None]
OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Promise:
    """Something that is promised, what was seen of it, and whether it is kept; None when it could not be seen."""

    what: str
    seen: str
    kept: bool | None


class RunningStack:
    """A stack that is up on this machine.

    Args:
        users: how many a promise is made for, in place of the policy's: what is limited on purpose serves fewer.

    Raises:
        HostError: it is not up.
    """

    def __init__(self, file: Path, say: Say, users: int = 50) -> None:
        self.target, self.say = read_target(file), say
        run = runs.find(self.target.run)
        if run is None:
            msg = f"run {self.target.run or '(none named)'} of target {self.target.name} is not up on this machine"
            raise HostError(msg)
        self.stack = Stack(run.open())
        policy = load_policy("default")
        limits = policy.performance.model_copy(update={"users": users})
        self.policy: Policy = policy.model_copy(update={"performance": limits})
        self._seed = 0

    def send(self, profile: Profile, on_progress: OnProgress = lambda _: None) -> Load:
        """One load."""
        self._seed += 1
        with client_host(self.target) as host:
            objectives = self.policy.performance.objectives()
            return send(host, load_spec(self.target, profile, self._seed, objectives), on_progress)

    def results(self, load: Load) -> tuple[Result, ...]:
        """What the policy's checks of loads say of one."""
        return judge_load(load, self.policy)

    def capacity(
        self, what: str, profile: Profile, *, first: float, precision: float, on_progress: OnProgress = lambda _: None
    ) -> Capacity:
        """The highest rate of a profile that keeps the policy's limits now."""
        self._seed += 100

        def judge(load: Load) -> Judgement:
            return judged(self.results(load))

        def report_step(step: CapacityStep) -> None:
            number[0] += 1
            self.say(f"{what}, {step_line(number[0], step)}")

        number = [0]
        limits = self.policy.performance
        terms = SearchTerms(first=first, precision=precision, requests=700, longest_s=60, confidence=limits.confidence)
        request = CapacityRequest(profile, terms, self._seed, limits.objectives())
        return find_capacity(self.target, request, judge, on_step=report_step, on_progress=on_progress)
