"""Latencies in HDR histograms of three significant digits; nothing else rounds them before a verdict."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from hdrh.histogram import HdrHistogram

from checks.targets import Latencies

_LONGEST_US = 3_600_000_000  # one hour; what takes longer is recorded as one hour
_DIGITS = 3


class Recorder:
    """Counts latencies by kind of request, and failures by cause.

    ``crash`` says how the generator itself failed, if it did: then what was counted is not the whole load.
    """

    def __init__(self) -> None:
        self._histograms: dict[str, HdrHistogram] = {}
        self._errors: dict[str, Counter[str]] = {}
        self._all = HdrHistogram(1, _LONGEST_US, _DIGITS)
        self.failed = 0
        self.crash = ""

    def request(self, kind: str, seconds: float, error: str = "") -> None:
        """One request, from its intended start to its end, and the cause of its failure if it failed."""
        self.time(kind, seconds)
        self._all.record_value(_microseconds(seconds))
        if error:
            self._errors[kind][error] += 1
            self.failed += 1

    def time(self, kind: str, seconds: float) -> None:
        """A time that is no request of its own, e.g. to the first token; its kind has a colon in it."""
        histogram = self._histograms.get(kind)
        if histogram is None:
            histogram = self._histograms[kind] = HdrHistogram(1, _LONGEST_US, _DIGITS)
            self._errors[kind] = Counter()
        histogram.record_value(_microseconds(seconds))

    @property
    def requests(self) -> int:
        """How many requests were recorded."""
        return int(self._all.get_total_count())

    def p95_ms(self) -> float:
        """95th percentile of all requests so far, in ms."""
        return float(self._all.get_value_at_percentile(95)) / 1000

    def latencies(self) -> tuple[Latencies, ...]:
        """Everything recorded, by kind. A value stands for its histogram bucket and is the largest of it."""
        return tuple(
            Latencies(kind, *_counts(histogram), dict(self._errors[kind]))
            for kind, histogram in sorted(self._histograms.items())
        )


def record_all(kind: str, seconds: Iterable[float]) -> Latencies:
    """The latencies of one kind of request that never failed."""
    recorder = Recorder()
    for value in seconds:
        recorder.request(kind, value)
    return recorder.latencies()[0]


def _microseconds(seconds: float) -> int:
    return min(max(math.ceil(seconds * 1e6), 1), _LONGEST_US)


def _counts(histogram: HdrHistogram) -> tuple[tuple[float, ...], tuple[int, ...]]:
    seen = [
        (histogram.get_highest_equivalent_value(item.value_iterated_to) / 1000, int(item.count_at_value_iterated_to))
        for item in histogram.get_recorded_iterator()
    ]
    return tuple(value for value, _ in seen), tuple(count for _, count in seen)
