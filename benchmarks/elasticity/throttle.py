"""Processes held to a share of a core, as a container is: by the kernel's CFS quota, in a control group of their
own.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from fixtures.hosts import HostError
from fixtures.wait import wait_for

_V1, _V2 = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
_MARK = "clinical-gate-"
_PERIOD_US = 10_000  # short, so that who has used its share waits for milliseconds


@contextlib.contextmanager
def held_to(cores: float, pids: Iterable[int], name: str) -> Iterator[None]:
    """Let these processes use no more than so many cores together while the block runs.

    Raises:
        HostError: this needs root and the kernel's CPU controller.
    """
    version_1 = (_V1 / "cpu.cfs_quota_us").exists() or (_V1 / "tasks").exists()
    parent = _V1 if version_1 else _V2
    group = parent / f"{_MARK}{os.getpid()}-{name}"
    quota = round(cores * _PERIOD_US)
    for left in parent.glob(f"{_MARK}*"):  # by a benchmark that was killed
        if not Path(f"/proc/{left.name.split('-')[2]}").exists():
            _dissolve(left)
    try:
        group.mkdir()
        if version_1:
            (group / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (group / "cpu.max").write_text(f"{quota} {_PERIOD_US}")
    except OSError as problem:
        with contextlib.suppress(OSError):
            group.rmdir()
        msg = f"cannot limit processors here ({problem}): it takes root and the kernel's CPU controller"
        raise HostError(msg) from problem
    try:
        for pid in pids:
            _move(pid, group)
        yield
    finally:
        _dissolve(group)


def _dissolve(group: Path) -> None:
    """Give its processes back to the group above, and remove it."""
    for pid in (group / "cgroup.procs").read_text().split():
        _move(int(pid), group.parent)
    wait_for(lambda: _gone(group), what=f"{group} is removed", timeout_s=5)


def _move(pid: int, group: Path) -> None:
    with contextlib.suppress(OSError):  # it may be gone
        (group / "cgroup.procs").write_text(str(pid))


def _gone(group: Path) -> bool:
    group.rmdir()
    return True
