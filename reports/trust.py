"""A trust file: whose signatures count, from when until when, and which keys have been revoked.

The id of a key is a digest of its public half, which may therefore lie beside a report. Of a revoked key no date that
it signed counts, for whoever has it can date back: what holds is what stands in ``last_head``, or was stamped by a time
stamping authority before. As TOML::

    [[key]]
    id = "9a49d61b...64 hex digits"       # clinical-gate report verify --json tells it
    owner = "Quality management, St. Jude"
    role = "release signer"
    valid_from = 2026-01-01T00:00:00Z
    valid_until = 2028-01-01T00:00:00Z
    revoked_at = 2026-11-30T08:00:00Z     # from then on nobody knows who signs with it
    last_head = "412:5dc9da79...64 hex"   # its history before that, as it was kept elsewhere
"""

from __future__ import annotations

import tomllib
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from reports.files import read_plain
from reports.head import Head, read_head
from reports.records import Digest, Record, utc
from reports.refusals import Refusal, UnreadableError, VerificationError
from reports.verify import Verified

_LARGEST = 2**20


class KeyHolder(Record):
    """One key of a trust file; its owner is a person or an office, its role what they sign as."""

    id: Digest
    owner: Annotated[str, Field(min_length=1)]
    role: str = ""
    valid_from: AwareDatetime
    valid_until: AwareDatetime
    revoked_at: AwareDatetime | None = None
    last_head: Annotated[str, Field(pattern=r"^(\d{1,18}:[0-9a-f]{64})?$")] = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from >= self.valid_until:
            msg = "valid_from is not before valid_until"
            raise ValueError(msg)
        if self.last_head and self.revoked_at is None:
            msg = "last_head is for a key with revoked_at"
            raise ValueError(msg)
        return self

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.owner} ({self.role})" if self.role else self.owner

    def demand_trusted(self, report: Verified, history: Path) -> None:
        """Refuse a report that was signed when the key did not count.

        Args:
            report: signed by this key, verified.
            history: in which it stands; read where the key has been revoked.

        Raises:
            VerificationError: KEY_NOT_VALID, KEY_REVOKED or HISTORY_FORKED.
            OSError: the history cannot be read.
        """
        times = [report.statement.predicate.started, report.statement.predicate.ended]
        times += [report.standing.entered] if report.standing.entered else []
        if self.revoked_at is not None:
            self._demand_before_revocation(report, history, self.revoked_at, max(times))
        outside = next((time for time in times if not self.valid_from <= time <= self.valid_until), None)
        if outside is not None:
            msg = (
                f"The report says {utc(outside)}, and the key of {self.name} is valid from {utc(self.valid_from)} to"
                f" {utc(self.valid_until)}."
            )
            raise VerificationError(Refusal.KEY_NOT_VALID, msg)

    def _demand_before_revocation(self, report: Verified, history: Path, revoked: datetime, latest: datetime) -> None:
        who = f"The key of {self.name} was revoked at {utc(revoked)}"
        if latest >= revoked:
            raise VerificationError(Refusal.KEY_REVOKED, f"{who}, and the report says {utc(latest)}.")
        if report.attested is not None and report.attested < revoked:
            return
        head = read_head(self.last_head) if self.last_head else Head(tree_size=0, root_hash="0" * 64)
        if report.standing.line is None or report.standing.line > head.tree_size:
            msg = (
                f"{who}, and nothing but its own word says that the report is older: it stands in no last_head, and"
                " has no time stamp."
            )
            raise VerificationError(Refusal.KEY_REVOKED, msg)
        head.demand_extended_by(history)


class TrustFile(Record):
    """Everybody whose signature counts."""

    key: Annotated[tuple[KeyHolder, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        twice = [identity for identity, count in Counter(holder.id for holder in self.key).items() if count > 1]
        if twice:
            msg = f"the key {twice[0][:16]} stands twice"
            raise ValueError(msg)
        return self

    def holder(self, keyid: str) -> KeyHolder:
        """Who has a key.

        Raises:
            VerificationError: UNKNOWN_KEY.
        """
        found = next((holder for holder in self.key if holder.id == keyid), None)
        if found is None:
            msg = f"The report is signed with the key {keyid[:16]}, which is not in the trust file."
            raise VerificationError(Refusal.UNKNOWN_KEY, msg)
        return found


def read_trust(path: Path) -> TrustFile:
    """The keys of a trust file.

    Raises:
        UnreadableError: it cannot be read, or says something that does not fit.
    """
    try:
        return TrustFile.model_validate(tomllib.loads(read_plain(path, _LARGEST, follow=True).decode()))
    except OSError as problem:
        msg = f"cannot read the trust file {path}: {problem.strerror}"
        raise UnreadableError(msg) from problem
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        msg = f"trust file {path}: {f'{where}: ' if where else ''}{said}"
        raise UnreadableError(msg) from problem
    except (ValueError, RecursionError) as problem:  # Unicode's and TOML's errors are ValueErrors
        msg = f"trust file {path} is not TOML: {problem}"
        raise UnreadableError(msg) from problem
