"""Latencies of one kind of request, and what a good one keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Latencies:
    """Latency of one kind of request, from the intended start: counts per value in a 3-digit HDR histogram.

    A kind with a colon is a time inside requests and no request of its own. Of streamed answers: ``KIND:first_token``,
    of any kind (TTFT); ``KIND:first_output_token``, of those that thought before it (TTFO); ``KIND:per_token``, mean of
    the later ones of an answer (TPOT), or ``KIND:per_chunk`` where the server did not say how many tokens it sent;
    ``KIND:gap``, between two chunks.
    ``values_ms`` ascending, ``counts`` of the same length; failed requests are counted in ``errors`` by cause, and
    their latency is among the counts. ``good`` were answered rightly and kept every objective of the load.
    """

    kind: str
    values_ms: tuple[float, ...]
    counts: tuple[int, ...]
    errors: Mapping[str, int]
    good: int = 0

    @property
    def total(self) -> int:
        """Number of requests."""
        return sum(self.counts)

    @property
    def failed(self) -> int:
        """Number of requests that failed, whatever the cause."""
        return sum(self.errors.values())

    def over(self, limit_ms: float) -> int:
        """How many requests took longer than a limit."""
        return sum(c for v, c in zip(self.values_ms, self.counts, strict=True) if v > limit_ms)

    def percentile(self, share: float) -> float:
        """Smallest recorded value in ms that ``share`` (0..1) of the requests do not exceed; 0 when empty."""
        needed, seen = share * self.total, 0
        for value, count in zip(self.values_ms, self.counts, strict=True):
            seen += count
            if seen >= needed:
                return value
        return 0.0

    @staticmethod
    def merged(kind: str, parts: Iterable[Latencies]) -> Latencies:
        """Several histograms as one; exact, since all use the same buckets."""
        counts: Counter[float] = Counter()
        errors: Counter[str] = Counter()
        good = 0
        for part in parts:
            for value, count in zip(part.values_ms, part.counts, strict=True):
                counts[value] += count
            errors.update(part.errors)
            good += part.good
        values = tuple(sorted(counts))
        return Latencies(kind, values, tuple(counts[v] for v in values), dict(errors), good)


@dataclass(frozen=True)
class Objective:
    """What a request must keep to be good, in ms; the first two from its intended start. None asks for nothing."""

    total_ms: float | None = None
    first_token_ms: float | None = None
    per_token_ms: float | None = None
