"""CPU time of a run's processes, by the part of the stack that they belong to."""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from fixtures.hosts.process import processes_under
from loadtests.spec import Progress

_PARTS = {
    "edge": "edge", "router": "router", "pg": "database", "redis": "cache", "inference": "inference",
    "client": "generator", "hospital": "federation", "monitor": "monitoring",
}  # fmt: skip


class CpuWatch:
    """Measures between `begin` and `end`. A process that ends in between is not counted, save for children waited for.

    Args:
        root: directory of the run.
        run_id: mark of its processes.
    """

    def __init__(self, root: Path, run_id: str) -> None:
        self._root, self._run_id = root, run_id
        self._before: dict[int, tuple[str, float]] = {}
        self._begun = self._seconds = 0.0
        self._used: dict[str, float] = {}

    def begin(self) -> None:
        """Start measuring."""
        self._before, self._begun = self._times(), time.monotonic()
        self._waited = _children()

    def end(self) -> None:
        """Stop measuring."""
        self._seconds = time.monotonic() - self._begun
        self._used = {"generator": _children() - self._waited}
        for pid, (part, used) in self._times().items():
            share = used - self._before.get(pid, (part, 0.0))[1]
            self._used[part] = self._used.get(part, 0.0) + share

    def follow(self, progress: Progress) -> None:
        """Begin when a load's measured window opens and end when it closes, as far as its progress tells."""
        if progress.phase == "measuring" and not self._begun:
            self.begin()
        elif progress.phase == "draining" and not self._seconds:
            self.end()

    def know(self, part: str, cores: float) -> None:
        """Take a part's own word, e.g. of a process that was gone at the end."""
        self._used[part] = cores * self._seconds

    def cores(self) -> Mapping[str, float]:
        """Cores in use per part, the busiest first."""
        ordered = sorted(self._used.items(), key=lambda item: -item[1])
        return {part: used / self._seconds for part, used in ordered if self._seconds}

    def _times(self) -> dict[int, tuple[str, float]]:
        found = {}
        for pid in processes_under(self._root, self._run_id):
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                times = process.cpu_times()
                found[pid] = (_part(Path(process.cwd()), self._root), times.user + times.system)
        return found


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _part(directory: Path, root: Path) -> str:
    try:
        host = directory.relative_to(root / "hosts").parts[0]
    except (ValueError, IndexError):
        return "other"
    return _PARTS.get(host.rstrip("0123456789").split("-")[0], host)
