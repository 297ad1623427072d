"""The head of a history: how many lines it has and the root of their hash tree. Keep it where the operator cannot
write, and what is cut off or altered afterwards shows.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError

from reports import merkle
from reports.files import read_plain
from reports.records import Digest, Record
from reports.refusals import Refusal, UnreadableError, VerificationError

_LARGEST = 2**20
_SHORT = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


class Head(Record):
    """Size and root hash of a history, as RFC 6962 has them.

    Args:
        since: size of an older head that ``proof`` shows to be the beginning of this one (section 2.1.2).
    """

    tree_size: int = Field(ge=0)
    root_hash: Digest
    since: int | None = Field(default=None, ge=0)
    proof: tuple[Digest, ...] = ()

    @classmethod
    def of(cls, history: Path, since: Head | None = None) -> Self:
        """The head of a history file.

        Args:
            since: an older head; the new one proves that it extends it.

        Raises:
            OSError: it cannot be read.
            VerificationError: HISTORY_FORKED.
        """
        lines = _lines(history)
        root = merkle.root(lines).hex()
        if since is None:
            return cls(tree_size=len(lines), root_hash=root)
        since.demand_extended_by(history)
        proof = tuple(step.hex() for step in merkle.consistency(lines, since.tree_size))
        return cls(tree_size=len(lines), root_hash=root, since=since.tree_size, proof=proof)

    def demand_extended_by(self, history: Path) -> None:
        """Refuse a history that does not begin with what this head was taken of.

        Raises:
            OSError: it cannot be read.
            VerificationError: HISTORY_FORKED.
        """
        lines = _lines(history)
        if len(lines) < self.tree_size:
            msg = f"{history} has {len(lines)} lines, and had {self.tree_size} when its head was taken: it was cut off."
            raise VerificationError(Refusal.HISTORY_FORKED, msg)
        if merkle.root(lines[: self.tree_size]).hex() != self.root_hash:
            msg = f"The first {self.tree_size} lines of {history} are not those that the head was taken of."
            raise VerificationError(Refusal.HISTORY_FORKED, msg)

    def extends(self, older: Head) -> bool:
        """Whether this head proves, without the history, that it only added to an older one."""
        return self.since == older.tree_size and merkle.consistent(
            older.tree_size,
            bytes.fromhex(older.root_hash),
            self.tree_size,
            bytes.fromhex(self.root_hash),
            [bytes.fromhex(step) for step in self.proof],
        )

    def encode(self) -> str:
        """As it is printed: JSON."""
        return self.model_dump_json(exclude_defaults=True)


def read_head(given: str) -> Head:
    """A head from a file, or from ``SIZE:ROOT``.

    Raises:
        UnreadableError: it is neither.
    """
    if short := _SHORT.fullmatch(given):
        return Head(tree_size=int(short[1]), root_hash=short[2])
    try:
        return Head.model_validate_json(read_plain(Path(given), _LARGEST, follow=True))
    except OSError as problem:
        msg = f"cannot read the head {given}: {problem.strerror} (give a file, or SIZE:ROOT)"
        raise UnreadableError(msg) from problem
    except ValidationError as problem:
        msg = f"{given} holds no head of a history (clinical-gate report history --head prints one)"
        raise UnreadableError(msg) from problem


def _lines(history: Path) -> list[bytes]:
    return read_plain(history, follow=True).splitlines(keepends=True)
