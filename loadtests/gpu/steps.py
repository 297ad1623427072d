"""One step of the ladder: a load by the harness's own generator, and what the GPU did meanwhile."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from checks.targets import Load
from loadtests.generator.spec import LoadSpec, Progress, empty_record, load_from_json, write_private
from loadtests.gpu.processes import ended, last_line, running
from loadtests.gpu.server import HOST
from loadtests.progress import ProgressFile
from loadtests.recording.accelerators import Accelerators, Reading

_POLL_S = 0.1
_MEASURING = "measuring"


def send(spec: LoadSpec, on_progress: Callable[[Progress], None]) -> tuple[Load, tuple[Reading, ...]]:
    """Send a load from a child process; the GPUs are watched while its window is open.

    Raises:
        loadtests.generator.spec.SpecError: it cannot be sent.
    """
    spec.assignments()
    spec.address()
    watch = Accelerators(HOST)
    with tempfile.TemporaryDirectory(prefix="clinical-gate-gpu-") as place:
        source, progress, result, log = (Path(place) / name for name in ("spec", "progress", "result", "log"))
        write_private(source, spec.model_dump_json())
        reports, phase = ProgressFile(progress), ""
        argv = [sys.executable, "-m", "loadtests.generator.child", str(source), str(progress), str(result)]
        with running(argv, log) as child:
            while not ended(child, _POLL_S):
                for report in reports.new():
                    if report.phase == _MEASURING != phase:
                        watch.begin()
                    elif phase == _MEASURING != report.phase:
                        watch.end()
                    phase = report.phase
                    on_progress(report)
        seen = watch.end()
        try:
            load = load_from_json(result.read_text())
        except (OSError, ValueError):
            load = empty_record(spec, f"the load generator died before its record was written: {last_line(log)}")
    return replace(load, accelerators=seen), watch.readings
