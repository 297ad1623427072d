"""A full clinic fills no GPU and keeps none busy beyond the policy's limits (45 CFR 164.308(a)(7)(ii)(C); GDPR
32(1)(b)).

A GPU without free memory refuses the next long request or dies of it; one that is always busy has nothing left for a
rush. By NVML (https://docs.nvidia.com/deploy/nvml-api/), over the measured window: the highest share of the memory in
use, whatever used it, and the mean share of the time in which a kernel ran.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import GpuFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.performance._load_record import judgeable
from checks.policy import Policy
from checks.targets import Load, Loads


def _gpu_filled(lab: Lab) -> Loads:
    return lab.build(GpuFlaws(taken="memory"))


def _gpu_kept_busy(lab: Lab) -> Loads:
    return lab.build(GpuFlaws(taken="time"))


@check(
    gate=Gate.PERFORMANCE,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_gpu_filled, _gpu_kept_busy),
)
def accelerators_within_limits(loads: Loads, policy: Policy) -> Iterator[Finding]:
    """Hold the GPUs of the load against ``performance.gpu_memory`` and ``performance.gpu_utilisation``."""
    limits = policy.performance
    load = judgeable(loads.load(), limits)
    if not load.accelerators:
        msg = (
            f"the load '{load.profile}' was served by no GPU that could be watched: the generator sees those of its"
            " own machine, through the NVIDIA driver"
        )
        raise CannotLookError(msg)
    for gpu in load.accelerators:
        yield _finding(
            load,
            f"memory of {gpu.name}",
            seen=gpu.memory,
            limit=limits.gpu_memory,
            how="in use at most",
            remedy="admit fewer requests at once, shorten the context, quantise the model, or add a GPU",
        )
        yield _finding(
            load,
            f"time of {gpu.name}",
            seen=gpu.utilisation,
            limit=limits.gpu_utilisation,
            how="busy on the whole",
            remedy="add a GPU, or serve a smaller model where it is good enough",
        )


def _finding(load: Load, subject: str, *, seen: float, limit: float, how: str, remedy: str) -> Finding:
    who = f"profile {load.profile}: {load.users} users, {load.arrival}, {load.seconds:g} s, seed {load.seed}"
    gpus = [f"{gpu.name}: memory {gpu.memory:.1%}, busy {gpu.utilisation:.1%}" for gpu in load.accelerators]
    return Finding(
        subject=f"{subject} under {load.users} users",
        ok=seen <= limit,
        message=f"{seen:.1%} {how}; the limit is {limit:.0%}",
        remedy=remedy,
        evidence="\n".join([who, *gpus]),
    )
