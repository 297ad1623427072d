"""What may be done to a host: abilities that it has or lacks, each with what heals it.

A fault asks for the ability that it needs, and says what is missing where a host lacks it:

    if not isinstance(host, Isolate):
        raise CannotLookError(f"{host.name} cannot be cut off the network")
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable


@runtime_checkable
class Kill(Protocol):
    """Can lose everything that runs on it."""

    def kill(self) -> None:
        """SIGKILL to every process at once, as a power cut does."""
        ...

    def start(self) -> None:
        """Undo `kill`: processes may run again. Services of a host that was killed are started after it."""
        ...


@runtime_checkable
class Pause(Protocol):
    """Can stop in the middle of what it does, and go on later as if no time had passed."""

    def pause(self) -> None:
        """SIGSTOP to every process."""
        ...

    def resume(self) -> None:
        """Undo `pause`."""
        ...


@runtime_checkable
class Isolate(Protocol):
    """Can lose its network while it runs on."""

    def isolate(self) -> None:
        """Cut it off the network, both ways."""
        ...

    def heal(self) -> None:
        """Undo `isolate`."""
        ...


@runtime_checkable
class Impair(Protocol):
    """Can have a slow and lossy way to some others, while it reaches everybody else as before."""

    def impair(self, addresses: Sequence[str], *, kilobits_per_s: int, loss: float) -> None:
        """Limit what it sends to these addresses, and lose a share of the packets, 0 to 1, in both directions.

        Raises:
            HostError: this machine cannot do that; the message says what it lacks.
        """
        ...

    def unimpair(self) -> None:
        """Undo `impair`."""
        ...

    def lost(self) -> int:
        """How many packets `impair` has lost so far; 0 where nothing is impaired."""
        ...


@runtime_checkable
class Confine(Protocol):
    """Can keep a folder on a small volume of its own, which can be full while the rest of the host is not."""

    def confine(self, folder: Path, *, mebibytes: int, owner: str) -> None:
        """Mount an empty volume of that size on an empty folder of the host."""
        ...

    def unconfine(self, folder: Path) -> None:
        """Undo `confine`; what is on the volume is gone."""
        ...
