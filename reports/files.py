"""Write files so that a reader, also after a crash, sees the old content or the new one, never a part."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path


def sha256(content: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(content).hexdigest()


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace a file in one step, durably. ``mode`` holds from the first byte on.

    Raises:
        OSError: the directory is not writable or full; nothing is left behind.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.draft")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_directory(path.parent)


def point_link(link: Path, target: str) -> None:
    """Make a symbolic link point to ``target``, replacing an older link in one step."""
    draft = link.with_name(f".{link.name}.{secrets.token_hex(4)}.draft")
    try:
        draft.symlink_to(target)
        draft.replace(link)
    finally:
        draft.unlink(missing_ok=True)
    _sync_directory(link.parent)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
