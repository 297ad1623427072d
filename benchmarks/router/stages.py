"""Where a read's time goes, by the routers' own metrics: waiting for the audit trail, and everything else they do."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.wrk import BenchmarkError
from fixtures.stack.certificates import CertificateAuthority, KeyPair

_PATH = "/patients/{patient}"
_WANTED = ("clinical_request_seconds_sum", "clinical_request_seconds_count")
_TRAIL = ("clinical_audit_wait_seconds_total", "clinical_audit_entries_total", "clinical_audit_batches_total")


@dataclass(frozen=True)
class Stages:
    """Means over the reads of one measurement, in ms, and how the trail was written."""

    router_ms: float
    audit_ms: float
    entries_per_commit: float


class StageWatch:
    """Reads the routers' metrics at the beginning and at the end.

    Args:
        routers: base URLs.
    """

    def __init__(self, routers: Sequence[str], authority: CertificateAuthority, pair: KeyPair) -> None:
        self._routers = tuple(routers)
        self._tls = ssl.create_default_context(cafile=authority.certificate)
        self._tls.load_cert_chain(pair.certificate, pair.key)
        self._before: dict[str, float] = {}

    def begin(self) -> None:
        """Start measuring."""
        self._before = self._read()

    def end(self) -> Stages:
        """What has happened since `begin`."""
        now = self._read()
        seconds, count, waited, entries, commits = (now[n] - self._before[n] for n in (*_WANTED, *_TRAIL))
        return Stages(
            router_ms=1e3 * seconds / max(count, 1),
            audit_ms=1e3 * waited / max(entries, 1),
            entries_per_commit=entries / max(commits, 1),
        )

    def _read(self) -> dict[str, float]:
        sums = dict.fromkeys((*_WANTED, *_TRAIL), 0.0)
        with httpx.Client(verify=self._tls) as client:
            for router in self._routers:
                try:
                    text = client.get(f"{router}/metrics").raise_for_status().text
                except httpx.HTTPError as problem:
                    msg = f"{router} does not show its metrics: {problem}"
                    raise BenchmarkError(msg) from problem
                for family in text_string_to_metric_families(text):
                    for sample in family.samples:
                        if sample.name in _TRAIL or (sample.name in _WANTED and sample.labels.get("route") == _PATH):
                            sums[sample.name] += sample.value
        return sums
