"""What the clocks of this machine say, and whether somebody set the one that can be set.

A wall clock can be set back; the time since the machine was started cannot. Two entries of one boot whose differences
disagree by more than `SET_BY_S` show that the wall clock was set between them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from reports.history import RunEnded, RunStarted
from reports.records import utc

SET_BY_S = 5.0  # NTP steps less than that; what it slews comes on top
_SLEWED = 1e-3  # seconds per second; Linux slews by half of it at most
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Of the kernel that runs; empty where it has none."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""


def uptime_s() -> float:
    """Seconds since the machine was started, also those that it slept, to the millisecond."""
    return round(time.clock_gettime(time.CLOCK_BOOTTIME), 3)


def now() -> datetime:
    """UTC."""
    return datetime.now(UTC)


def clock_faults(entries: Iterable[RunStarted | RunEnded]) -> list[str]:
    """Where the wall clock was set, or stood before what had been entered already: a sentence each, oldest first.

    Args:
        entries: in the order in which they were entered.
    """
    faults = []
    for earlier, later in pairwise(entries):
        passed = (later.at - earlier.at).total_seconds()
        if later.boot and later.boot == earlier.boot:
            true = later.uptime_s - earlier.uptime_s
            if abs(passed - true) > SET_BY_S + _SLEWED * abs(true):
                faults.append(
                    f"The wall clock was set by {passed - true:+.0f} s between {utc(earlier.at)} (run"
                    f" {earlier.run_id}) and the next entry (run {later.run_id})."
                )
        elif passed < -SET_BY_S:
            faults.append(
                f"Run {later.run_id} was entered at {utc(later.at)}, which is before the entry that precedes it"
                f" ({utc(earlier.at)}, run {earlier.run_id}): the clock stood back."
            )
    return faults
