"""What was sent to a deployment, in one sentence; the report lists it by target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from checks.targets import Effect
from reports.figures import SentRecord


def sent_sentence(records: Iterable[SentRecord]) -> str:
    """As in ``310 connections, 9 log-ins (1 refused), 120 requests (0 writes), 40 statements (6 rolled back)``."""
    counts = Counter[tuple[str, Effect]]()
    for record in records:
        counts[record.unit, record.effect] += record.count
    return ", ".join(_of_unit(unit, counts) for unit in sorted({unit for unit, _ in counts}))


def _of_unit(unit: str, counts: Counter[tuple[str, Effect]]) -> str:
    total = sum(count for (other, _), count in counts.items() if other == unit)
    aside = ", ".join(f"{counts[unit, effect]:,} {what}" for effect, what in _TOLD.get(unit, {}).items())
    return f"{total:,} {unit}{f' ({aside})' if aside else ''}"


_TOLD: Mapping[str, Mapping[Effect, str]] = {
    "log-ins": {Effect.REFUSED: "refused"},
    "requests": {Effect.WRITE: "writes"},
    "statements": {Effect.ROLLED_BACK: "rolled back"},
}
