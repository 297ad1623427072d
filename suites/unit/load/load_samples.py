"""Hand-written loads for the tests of what is made of them."""

from __future__ import annotations

from dataclasses import replace

from checks.targets import GeneratorProcess, Load, Mark, Objective, Written
from loadtests.recording.recorder import Recorder, StreamTimes

OBJECTIVES = {"inference": Objective(2000, 500, 50), "patient": Objective(500)}


def load(seconds: int = 40, *, streams: bool = True) -> Load:
    """A load with a pause of two seconds in it: 5 chats and 5 patient requests a second, some of them failed."""
    recorder = Recorder(OBJECTIVES)
    for number in range(10 * seconds):
        at_s = number / 10 + 0.05
        held_s = max(12.0 - at_s, 0.0) if at_s >= 10 else 0.0
        spread = (number * 7919 % 100) / 100
        if number % 2 == 0 and streams:
            error = "status 503" if number % 40 == 0 else ""
            gaps_s = tuple(0.01 + token * 0.003 for token in range(8))
            times = StreamTimes(first_token_s=0.1 + held_s, per_token_s=0.02, gaps_s=gaps_s)
            recorder.request("inference.chat", at_s, 0.6 + held_s + spread, error, stream=times)
        elif number % 4 == 1:
            recorder.request("patient.read", at_s, 0.01 + held_s + spread / 20)
        else:
            recorder.request("audit.read", at_s, 0.02 + held_s, "timed out" if held_s > 0.5 else "")
        recorder.time("request:wait", 0.001)
        recorder.time("request:service", 0.02 + held_s)
    slices = tuple(replace(each, users=20 if each.at_s < seconds else 0) for each in recorder.slices())
    return Load(
        profile="ward",
        users=20,
        seconds=float(seconds),
        arrival="Poisson arrivals at 10/s",
        seed=7,
        kinds=recorder.latencies(),
        generator_cpu=0.31,
        complete=True,
        problem="",
        objectives=OBJECTIVES,
        slices=slices,
        marks=(Mark(10.0, "router 1 paused"), Mark(12.0, "router 1 healed")),
        generators=(GeneratorProcess("worker 1 on a", 250, 0.31), GeneratorProcess("worker 2 on b", 150, 0.2)),
        written=Written(57, 1, 2, 0, complete=True),
    )


def empty(problem: str = "nurse.x could not log in: wrong body") -> Load:
    """A load of which nothing was recorded."""
    return Load(
        profile="ward",
        users=20,
        seconds=40.0,
        arrival="Poisson arrivals at 10/s",
        seed=7,
        kinds=(),
        generator_cpu=0.0,
        complete=False,
        problem=problem,
    )
