"""The public key that a report is verified with, and whether it was got from the signer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reports.keys import PUBLIC, SigningKeyError, load_public
from reports.refusals import UnreadableError, VerificationError
from reports.verify import read_envelope, signer_of


@dataclass(frozen=True)
class TrustedKey:
    """A file with a public key; it is ``pinned`` where it does not come from beside the report."""

    key: Path
    pinned: bool


def trusted_key(directory: Path, key: Path | None, *, by_id: bool = False) -> TrustedKey:
    """The public key to verify with. Where a trust file knows the signer ``by_id``, it may lie beside the report."""
    if key:
        return TrustedKey(key, pinned=True)
    folder = directory.resolve()
    if not folder.is_dir():
        msg = f"there is no folder {directory}; run the gate first, or give the folder of a report"
        raise UnreadableError(msg)
    own = folder.parent.parent / "keys" / PUBLIC
    candidates = [path for path in (own, folder / PUBLIC) if path.exists()]
    if by_id:
        return TrustedKey(
            next((path for path in candidates if _is_signers(path, folder)), folder / PUBLIC), pinned=True
        )
    if candidates:
        return TrustedKey(candidates[0], pinned=False)
    msg = f"there is no public key for {directory}: give the signer's with --key PUB"
    raise UnreadableError(msg)


def _is_signers(public: Path, folder: Path) -> bool:
    try:
        return bool(load_public(public).keyid == signer_of(read_envelope(folder)))
    except (SigningKeyError, VerificationError):
        return False
