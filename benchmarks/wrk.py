"""wrk: requests as fast as they are answered, every connection asking again as soon as it has its answer."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = Path(__file__).with_suffix(".lua")
_MARK = "RESULT "


class BenchmarkError(Exception):
    """A measurement could not be made; the message says why."""


@dataclass(frozen=True)
class Measured:
    """Requests/s and latency in ms as wrk saw them, from the moment it sent each request (a closed loop)."""

    requests: int
    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    bad_status: int
    broken: int


def arguments(script: Path, *, connections: int, seconds: int) -> list[str]:
    """How wrk is called with one thread, up to the URL.

    Args:
        script: in Lua; it prints one line, ``RESULT`` and what `Measured` is made of as JSON.

    Raises:
        BenchmarkError: it is not installed.
    """
    if shutil.which("wrk") is None:
        msg = "wrk is not installed: apt-get install wrk"
        raise BenchmarkError(msg)
    size = ["-t", "1", "-c", str(connections)]
    time = ["-d", f"{seconds}s", "--timeout", "5s"]
    return ["wrk", *size, *time, "-s", str(script)]


def measured(stdout: str, stderr: str) -> Measured:
    """What wrk printed.

    Raises:
        BenchmarkError: no result.
    """
    line = next((text for text in stdout.splitlines() if text.startswith(_MARK)), "")
    if not line:
        msg = f"wrk failed: {(stderr or stdout).strip() or 'no output'}"
        raise BenchmarkError(msg)
    seen = json.loads(line.removeprefix(_MARK))
    return Measured(
        requests=seen["requests"],
        rate=seen["requests"] / seen["microseconds"] * 1e6,
        p50_ms=seen["p50_us"] / 1e3,
        p95_ms=seen["p95_us"] / 1e3,
        p99_ms=seen["p99_us"] / 1e3,
        bad_status=seen["bad_status"],
        broken=seen["broken"],
    )


def ask_without_pause(url: str, *, connections: int, seconds: int) -> Measured:
    """Ask for a page as fast as it is answered.

    Raises:
        BenchmarkError: wrk is not installed, or did not print its result.
    """
    argv = [*arguments(_SCRIPT, connections=connections, seconds=seconds), url]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 20, check=False)
    return measured(done.stdout, done.stderr)
