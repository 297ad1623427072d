"""Files of a report: written so that a reader, also after a crash, sees the old content or the new one, never a part;
read so that nothing in their place makes a reader wait.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
from io import BufferedReader
from pathlib import Path

_MIB = 2**20
LARGEST_FILE = 4096 * _MIB
LARGEST_DOCUMENT = 256 * _MIB


def sha256(content: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(content).hexdigest()


def open_plain(path: Path, largest: int = LARGEST_FILE, *, follow: bool = False) -> BufferedReader:
    """A regular file, open for reading. What has no end, or never begins, is not read at all.

    Args:
        largest: in bytes.
        follow: whether the path may be a symbolic link.

    Raises:
        OSError: it cannot be opened, is a link, a pipe or a device, or is larger.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW))
    except OSError as problem:
        if problem.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "it is a link", str(path)) from problem
        raise
    file = os.fdopen(handle, "rb")
    facts = os.fstat(handle)
    if stat.S_ISREG(facts.st_mode) and facts.st_size <= largest:
        return file
    file.close()
    if stat.S_ISREG(facts.st_mode):
        raise OSError(errno.EFBIG, f"it is larger than {largest // _MIB} MiB", str(path))
    raise OSError(errno.EINVAL, "it is no regular file", str(path))


def read_plain(path: Path, largest: int = LARGEST_DOCUMENT, *, follow: bool = False) -> bytes:
    """The content of a regular file; see `open_plain`.

    Raises:
        OSError: likewise.
    """
    with open_plain(path, largest, follow=follow) as file:
        return file.read()


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
