"""A percentile file as HdrHistogram writes it, which its plotter and other tools read.

Format: https://hdrhistogram.github.io/HdrHistogram/plotFiles.html. Values are in ms.
"""

from __future__ import annotations

import io

from hdrh.histogram import HdrHistogram

from checks.targets import Latencies

_LONGEST_US = 3_600_000_000
_DIGITS = 3
_US_PER_MS = 1000.0


def hgrm(of: Latencies) -> bytes:
    """The file's bytes; of a histogram that holds something."""
    histogram = HdrHistogram(1, _LONGEST_US, _DIGITS)
    for value_ms, count in zip(of.values_ms, of.counts, strict=True):
        histogram.record_value(min(max(round(value_ms * 1000), 1), _LONGEST_US), count)
    file = io.BytesIO()
    histogram.output_percentile_distribution(file, _US_PER_MS)
    # hdrhistogram 0.10.3 scales every number but this one (hdrh/histogram.py, output_percentile_distribution).
    wrong = histogram.get_stddev()
    unscaled, scaled = (f"StdDeviation   = {number:12.3f}]".encode() for number in (wrong, wrong / _US_PER_MS))
    return file.getvalue().replace(unscaled, scaled)
