"""What is kept of the GPUs that a load keeps busy, on GPUs that say what the test wants them to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from checks.targets import Accelerator
from fixtures.wait import wait_for
from loadtests.recording.accelerators import Accelerators, Gpu, Gpus, LostError, Reading, is_here, summary

PATIENCE_S = 10.0


@dataclass
class Scripted:
    """A GPU that says what it is told, and is lost at the first None."""

    name: str
    says: list[tuple[float, float] | None]
    closed: list[str] = field(default_factory=list)

    def look(self) -> tuple[float, float]:
        """The next word, the last one again and again."""
        said = self.says[0] if len(self.says) == 1 else self.says.pop(0)
        if said is None:
            raise LostError(self.name)
        return said


def driver(*gpus: Scripted) -> Gpus:
    """A driver that shows these, and is closed after use."""

    @contextlib.contextmanager
    def opened() -> Iterator[Sequence[Gpu]]:
        yield gpus
        for gpu in gpus:
            gpu.closed.append("closed")

    return opened


def test_the_peak_of_memory_and_the_mean_of_time_are_kept() -> None:
    """A GPU is as full as it ever was, and as busy as it was on the whole; each is judged for itself."""
    readings = [
        Reading(0.0, "GPU 0 H200", 0.2, 0.0),
        Reading(0.0, "GPU 1 H200", 0.1, 0.5),
        Reading(0.25, "GPU 0 H200", 0.75, 1.0),
        Reading(0.25, "GPU 1 H200", 0.1, 0.5),
        Reading(0.5, "GPU 0 H200", 0.5, 0.5),
    ]
    assert summary(readings) == (Accelerator("GPU 0 H200", 0.75, 0.5), Accelerator("GPU 1 H200", 0.1, 0.5))
    assert summary([]) == ()


def test_gpus_are_watched_until_the_end_and_the_driver_is_closed() -> None:
    """Over and over, on a thread of its own."""
    gpu = Scripted("GPU 0", [(0.5, 1.0), (0.25, 0.0)])
    watch = Accelerators(gpus=driver(gpu))
    watch.begin()
    wait_for(lambda: len(watch.readings) >= 2, what="two looks", timeout_s=PATIENCE_S)
    (seen,) = watch.end()
    assert (seen.name, seen.memory, gpu.closed) == ("GPU 0", 0.5, ["closed"])
    assert [reading.memory for reading in watch.readings[:2]] == [0.5, 0.25]


def test_a_gpu_that_is_lost_leaves_no_half_a_record() -> None:
    """What it did after it could be seen no more is not known, so nothing is said of it."""
    kept, lost = Scripted("GPU 0", [(0.5, 0.5)]), Scripted("GPU 1", [(0.1, 0.1), None])
    watch = Accelerators(gpus=driver(kept, lost))
    watch.begin()
    wait_for(lambda: len(watch.readings) >= 3, what="three looks", timeout_s=PATIENCE_S)
    assert [seen.name for seen in watch.end()] == ["GPU 0"]


def test_without_a_gpu_here_nothing_is_said() -> None:
    """No GPU, one that serves on another machine, or a watch that never began."""
    gpu = Scripted("GPU 0", [(0.5, 0.5)])
    for watch in (Accelerators(gpus=driver()), Accelerators("192.0.2.1", driver(gpu))):
        watch.begin()
        assert watch.end() == ()
    assert Accelerators(gpus=driver(gpu)).end() == ()


def test_an_address_is_here_when_it_can_be_bound() -> None:
    """192.0.2.0/24 is nobody's (RFC 5737)."""
    assert is_here("127.0.0.1")
    assert not is_here("192.0.2.1")
    assert not is_here("no such host")
