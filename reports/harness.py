"""By what a deployment was judged, as the report keeps it."""

from __future__ import annotations

from reports.records import Digest, Record


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

    @property
    def as_committed(self) -> bool:
        """Whether what judged is what was committed, and nothing else took part."""
        return not self.remarks
