"""wrk against one URL: every connection asks again as soon as it has its answer."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from benchmarks.router.wrk import BenchmarkError, Measured

_SCRIPT = Path(__file__).with_suffix(".lua")
_MARK = "RESULT "


def ask_without_pause(url: str, *, connections: int, seconds: int) -> Measured:
    """Ask for a page as fast as it is answered.

    Raises:
        BenchmarkError: wrk is not installed, or did not print its result.
    """
    if shutil.which("wrk") is None:
        msg = "wrk is not installed: apt-get install wrk"
        raise BenchmarkError(msg)
    argv = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "5s", "-s", str(_SCRIPT), url]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 20, check=False)
    line = next((text for text in done.stdout.splitlines() if text.startswith(_MARK)), "")
    if not line:
        msg = f"wrk failed: {(done.stderr or done.stdout).strip() or 'no output'}"
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
