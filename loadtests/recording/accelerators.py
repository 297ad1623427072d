"""The GPUs of this machine, watched during a load through NVML (https://docs.nvidia.com/deploy/nvml-api/)."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import pynvml

from checks.targets import Accelerator

_PERIOD_S = 0.25  # NVML's utilisation is itself a mean over the last 1/6 to 1 s, whichever the product has


class LostError(Exception):
    """A GPU can no longer be watched."""


class Gpu(Protocol):
    """One GPU."""

    @property
    def name(self) -> str:
        """Its number and its product name."""
        ...

    def look(self) -> tuple[float, float]:
        """Shares (0..1) of its memory in use now, and of the last moment in which it was busy.

        Raises:
            LostError: it does not say.
        """
        ...


Gpus = Callable[[], AbstractContextManager[Sequence[Gpu]]]


@dataclass(frozen=True)
class Reading:
    """One look at one GPU, ``at_s`` seconds after `Accelerators.begin`; shares as `Gpu.look` gives them."""

    at_s: float
    name: str
    memory: float
    utilisation: float


@contextlib.contextmanager
def nvml_gpus() -> Iterator[Sequence[Gpu]]:
    """Every GPU that NVML shows; none where there is no driver."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield ()
        return
    found: list[Gpu] = []
    try:
        with contextlib.suppress(pynvml.NVMLError):
            for index in range(pynvml.nvmlDeviceGetCount()):
                with contextlib.suppress(pynvml.NVMLError):  # a broken one hides no other
                    found.append(_NvmlGpu(index))
        yield tuple(found)
    finally:
        pynvml.nvmlShutdown()


class Accelerators:
    """Watches GPUs between `begin` and `end`, on a thread of its own; sees none where there is nothing to watch.

    The driver is opened at once, since that may take a second: make it before the window to be watched opens.

    Args:
        host: where the load goes to. The GPUs that serve an address of another machine, or of another network
            namespace, cannot be watched from here. Empty is this machine.
        gpus: the GPUs to watch.
    """

    def __init__(self, host: str = "", gpus: Gpus = nvml_gpus) -> None:
        self._stack = contextlib.ExitStack()
        here = not host or is_here(host)
        self._gpus: Sequence[Gpu] = self._stack.enter_context(gpus()) if here else ()
        self._readings: list[Reading] = []
        self._lost: set[str] = set()
        self._over = threading.Event()
        self._watch: threading.Thread | None = None

    def begin(self) -> None:
        """Start to watch."""
        if self._gpus:
            self._watch = threading.Thread(
                target=self._look, args=(time.monotonic(),), name="accelerators", daemon=True
            )
            self._watch.start()

    def end(self) -> tuple[Accelerator, ...]:
        """Stop, and say what each GPU that could be watched to the end did."""
        self._over.set()
        if self._watch is not None:
            self._watch.join()
        self._stack.close()
        return summary(self.readings)

    @property
    def watching(self) -> bool:
        """Whether there is something to watch, and it is watched."""
        return self._watch is not None and not self._over.is_set()

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Every look so far, at the GPUs that can still be watched."""
        return tuple(reading for reading in tuple(self._readings) if reading.name not in self._lost)

    def _look(self, begun: float) -> None:
        while len(self._lost) < len(self._gpus):
            for gpu in self._gpus:
                try:
                    memory, utilisation = gpu.look()
                except LostError:
                    self._lost.add(gpu.name)
                    continue
                self._readings.append(Reading(time.monotonic() - begun, gpu.name, memory, utilisation))
            if self._over.wait(_PERIOD_S):
                return


def summary(readings: Sequence[Reading]) -> tuple[Accelerator, ...]:
    """Each GPU's highest share of memory in use, and the mean of the shares of the time that it was busy."""
    return tuple(
        Accelerator(name, max(r.memory for r in own), sum(r.utilisation for r in own) / len(own))
        for name in dict.fromkeys(reading.name for reading in readings)
        for own in ([reading for reading in readings if reading.name == name],)
    )


def is_here(host: str) -> bool:
    """Whether a name or an address is one of this machine and network namespace: only those can be bound."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


class _NvmlGpu:
    def __init__(self, index: int) -> None:
        self._handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        self.name = f"GPU {index} {pynvml.nvmlDeviceGetName(self._handle)}"

    def look(self) -> tuple[float, float]:
        try:
            memory = pynvml.nvmlDeviceGetMemoryInfo(self._handle)
            busy = pynvml.nvmlDeviceGetUtilizationRates(self._handle)
        except (
            pynvml.NVMLError
        ) as problem:  # it fell off the bus, or is cut into MIG parts, whose time NVML does not say
            raise LostError(str(problem)) from problem
        return memory.used / memory.total, busy.gpu / 100
