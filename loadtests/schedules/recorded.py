"""What of a profile a record keeps: the whole of it, as it was played."""

from __future__ import annotations

import json
from itertools import pairwise

from checks.model import plain
from checks.targets import LoadSchedule
from loadtests.schedules.profiles import Profile


def schedule_of(profile: Profile) -> LoadSchedule:
    """The text of a profile, and the rate that it means to keep; a closed loop means none."""
    text = json.dumps(profile.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    rate = 0.0 if profile.arrivals == "closed" else _mean_users(profile) * profile.rate_per_user
    return LoadSchedule(plain(text), rate)


def _mean_users(profile: Profile) -> float:
    """Over the measured window."""
    turns = list(pairwise(profile.shape))
    if not turns:
        return float(profile.users)
    return sum((there + then) / 2 * (end - begin) for (begin, there), (end, then) in turns) / profile.seconds
