"""By what a deployment was judged, as the report keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from reports.records import Digest, OwnFile, Record


class HarnessRecord(Record):
    """The harness of a run.

    Args:
        commit: 40 hex digits; empty where there is no repository.
        sources: SHA-256 over path and digest of every source file; likewise ``catalogue`` over every check with its
            claim, controls and violations, and ``packages`` over every installed distribution with its version.
        lock: SHA-256 of requirements.lock.
        plugins: of pytest, with their versions.
        command: the command line.
        environment: names of the variables that Python, pytest, git and the loader of programs listen to.
        remarks: why it is not the harness that was committed, a sentence each; none where it is.
        accepted: the run was told to judge all the same (``--any-harness``).
    """

    version: str
    commit: str
    sources: Digest
    lock: Digest
    catalogue: Digest
    packages: Digest
    plugins: tuple[str, ...]
    command: tuple[str, ...]
    environment: tuple[str, ...]
    python: str
    system: str
    remarks: tuple[str, ...]
    accepted: bool

    @property
    def as_committed(self) -> bool:
        """Whether what judged is what was committed, and nothing else took part."""
        return not self.remarks

    @property
    def objections(self) -> tuple[str, ...]:
        """The remarks that keep a run from approving anything."""
        return () if self.accepted else self.remarks


@dataclass(frozen=True)
class JudgedBy:
    """What took part in the judgement: the harness, and files of the user's own."""

    harness: HarnessRecord | None = None
    own_files: tuple[OwnFile, ...] = ()
