"""Latencies in the buckets of an HDR histogram of three significant digits; nothing else rounds them before a
verdict.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from checks.targets import Latencies, Objective, Slice

_LONGEST_US = 3_600_000_000  # one hour; what takes longer is recorded as one hour
_SUB_BUCKET_BITS = 11  # three digits need 2,048 sub-buckets
REFUSALS = ("status 429", "status 503")  # how long they took is kept apart, under ``KIND:refused``


def bucket_us(seconds: float) -> int:
    """The largest value, in whole microseconds, of the HDR bucket that a time falls into.

    The same as ``HdrHistogram(1, 3_600_000_000, 3)`` gives for it, at a tenth of the time: it is asked for three times
    per request (a test holds the two together).
    """
    value = min(max(math.ceil(seconds * 1e6), 1), _LONGEST_US)
    shift = value.bit_length() - _SUB_BUCKET_BITS
    return value if shift <= 0 else value | ((1 << shift) - 1)


@dataclass(frozen=True)
class StreamTimes:
    """When the tokens of one streamed answer arrived, in s; None where there were too few.

    Args:
        first_token_s: from the intended start to the first token of any kind (TTFT).
        first_output_token_s: to the first one of the answer itself (TTFO), of a model that thought before it.
        per_token_s: mean time of a later token (TPOT), when the server said how many they were.
        per_chunk_s: mean time of a later chunk, when it did not; a chunk holds one token or several.
        tokens: as the server said; if it did not, its chunks, which is the least that they can be.
        gaps_s: the times between the chunks; those that arrived in one piece have none between them.
    """

    first_token_s: float | None = None
    first_output_token_s: float | None = None
    per_token_s: float | None = None
    per_chunk_s: float | None = None
    tokens: int = 0
    gaps_s: tuple[float, ...] = ()

    @property
    def longest_per_token_s(self) -> float | None:
        """The mean time of a later token, or what it is at most."""
        return self.per_chunk_s if self.per_token_s is None else self.per_token_s


_NO_STREAM = StreamTimes()


class _Tally:
    """One histogram that grows."""

    __slots__ = ("counts", "errors", "good")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.errors: Counter[str] = Counter()
        self.good = 0

    def add(self, value_us: int) -> None:
        self.counts[value_us] = self.counts.get(value_us, 0) + 1

    def latencies(self, kind: str) -> Latencies:
        values = sorted(self.counts)
        return Latencies(
            kind, tuple(v / 1000 for v in values), tuple(self.counts[v] for v in values), dict(self.errors), self.good
        )


class Recorder:
    """Counts latencies by kind of request and slice of the window, and failures by cause.

    ``requests``, ``failed`` of them and ``tokens`` of streamed answers are counted. ``crash`` says how the generator
    itself failed, if it did: then what was counted is not the whole load.

    Args:
        objectives: what a good request keeps, by the head of its kind.
        slice_s: length of a slice.
    """

    def __init__(self, objectives: Mapping[str, Objective] | None = None, slice_s: float = 1.0) -> None:
        self._objectives, self._slice_s = objectives or {}, slice_s
        self._sliced: dict[tuple[int, str], _Tally] = {}
        self._whole: dict[str, _Tally] = {}
        self._ended: Counter[int] = Counter()
        self._all = _Tally()
        self.requests = self.failed = self.tokens = 0
        self.crash = ""

    def request(
        self,
        kind: str,
        at_s: float,
        seconds: float,
        error: str = "",
        *,
        stream: StreamTimes | None = None,
    ) -> None:
        """One request that was meant to start ``at_s`` after the window's opening, and the cause of its failure if it
        failed.

        Args:
            seconds: from its intended start to its end.
        """
        index, value = int(at_s / self._slice_s), bucket_us(seconds)
        tally = self._slice(index, kind)
        tally.add(value)
        self._all.add(value)
        self._ended[int((at_s + seconds) / self._slice_s)] += 1
        self.requests += 1
        if stream:
            self._stream(index, kind, stream)
        if error:
            tally.errors[error] += 1
            self.failed += 1
            if error in REFUSALS:
                self._slice(index, f"{kind}:refused").add(value)
        elif self._good(kind, seconds, stream or _NO_STREAM):
            tally.good += 1

    def time(self, kind: str, seconds: float) -> None:
        """A time that is no request of its own, e.g. between two chunks; its kind has a colon in it."""
        tally = self._whole.get(kind)
        if tally is None:
            tally = self._whole[kind] = _Tally()
        tally.add(bucket_us(seconds))

    def counts_us(self) -> Mapping[int, int]:
        """How many requests so far fell into each bucket, by its value in microseconds."""
        return self._all.counts

    def latencies(self) -> tuple[Latencies, ...]:
        """Everything recorded, by kind. A value stands for its histogram bucket and is the largest of it."""
        kinds = sorted({kind for _, kind in self._sliced})
        whole = [
            Latencies.merged(kind, (t.latencies(kind) for (_, k), t in self._sliced.items() if k == kind))
            for kind in kinds
        ]
        whole += [tally.latencies(kind) for kind, tally in self._whole.items()]
        return tuple(sorted(whole, key=lambda each: each.kind))

    def slices(self) -> tuple[Slice, ...]:
        """The same over time, up to the end of the last request; how many users were at work is not known here."""
        last = max((*(index for index, _ in self._sliced), *self._ended), default=-1)
        kinds: dict[int, list[Latencies]] = {}
        for (index, kind), tally in sorted(self._sliced.items()):
            kinds.setdefault(index, []).append(tally.latencies(kind))
        return tuple(
            Slice(round(index * self._slice_s, 6), 0, self._ended[index], tuple(kinds.get(index, ())))
            for index in range(last + 1)
        )

    def _slice(self, index: int, kind: str) -> _Tally:
        tally = self._sliced.get((index, kind))
        if tally is None:
            tally = self._sliced[index, kind] = _Tally()
        return tally

    def _stream(self, index: int, kind: str, stream: StreamTimes) -> None:
        self.tokens += stream.tokens
        if stream.first_token_s is not None:
            self._slice(index, f"{kind}:first_token").add(bucket_us(stream.first_token_s))
        for part, seconds in (
            ("first_output_token", stream.first_output_token_s),
            ("per_token", stream.per_token_s),
            ("per_chunk", stream.per_chunk_s),
        ):
            if seconds is not None:
                self.time(f"{kind}:{part}", seconds)
        for gap_s in stream.gaps_s:
            self.time(f"{kind}:gap", gap_s)

    def _good(self, kind: str, seconds: float, stream: StreamTimes) -> bool:
        asked = self._objectives.get(kind.partition(".")[0])
        return asked is None or (
            _kept(seconds, asked.total_ms)
            and _kept(stream.first_token_s, asked.first_token_ms)
            and _kept(stream.longest_per_token_s, asked.per_token_ms)
        )


def record_all(kind: str, seconds: Iterable[float]) -> Latencies:
    """The latencies of one kind of request that never failed."""
    recorder = Recorder()
    for value in seconds:
        recorder.request(kind, 0.0, value)
    return recorder.latencies()[0]


def percentile_ms(counts_us: Iterable[Mapping[int, int]], share: float) -> float:
    """Percentile in ms of several processes' counts together; 0 when there are none."""
    together: Counter[int] = Counter()
    for counts in counts_us:
        together.update(counts)
    values = sorted(together)
    return Latencies("", tuple(v / 1000 for v in values), tuple(together[v] for v in values), {}).percentile(share)


def _kept(seconds: float | None, limit_ms: float | None) -> bool:
    return seconds is None or limit_ms is None or bucket_us(seconds) / 1000 <= limit_ms
