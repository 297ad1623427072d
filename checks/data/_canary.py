"""What a search for the canary says: the patient is nowhere in what was examined, or where it was found."""

from __future__ import annotations

from collections.abc import Iterable

from checks.model import CannotLookError, Finding
from checks.targets import Sighting

_SHOWN = 5


def whole_first(sightings: Iterable[Sighting]) -> list[Sighting]:
    """Those that say something before those that cannot: a patient found in one place outranks what is not known of
    another.
    """
    return sorted(sightings, key=lambda seen: bool(seen.problem or seen.encrypted_below or not seen.examined))


def absent(seen: Sighting, *, subject: str, unit: str, remedy: str) -> Finding:
    """One place of a search, as a finding.

    Args:
        unit: what was examined there: ``files``, ``packets``.

    Raises:
        CannotLookError: nothing was examined, or not everything, so that nothing can be said.
    """
    if seen.problem and not seen.traces:
        msg = f"{subject}: {seen.problem}"
        raise CannotLookError(msg)
    if not seen.examined:
        msg = f"{subject}: there were no {unit}, so nothing was examined"
        raise CannotLookError(msg)
    where = ", ".join(f"{trace.place} ({trace.encoding})" for trace in seen.traces[:_SHOWN])
    found = f"the patient was found {len(seen.traces)} times: {where}"
    return Finding(
        subject=subject,
        ok=not seen.traces,
        message=found if seen.traces else f"not in {seen.examined} {unit}, {seen.bytes} bytes",
        remedy=remedy,
        evidence="\n".join(f"{trace.place} {trace.encoding}" for trace in seen.traces),
    )
