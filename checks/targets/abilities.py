"""What may be done to a host: abilities that it has or lacks, each with what heals it.

A fault asks for the ability that it needs, and says what is missing where a host lacks it:

    if not isinstance(host, Isolate):
        raise CannotLookError(f"{host.name} cannot be cut off the network")
"""

from __future__ import annotations

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
