"""The evidence of a run and its SHA-256 manifest, in the format of sha256sum (check with ``sha256sum -c``)."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from reports.files import open_plain

FOLDER = "evidence"
MANIFEST = "MANIFEST.sha256"
SIGNED_AS = f"{FOLDER}/{MANIFEST}"

_NAME = re.compile(r"[A-Za-z0-9_@+=,-][A-Za-z0-9._@+=,-]*(?:/[A-Za-z0-9_@+=,-][A-Za-z0-9._@+=,-]*)*")
_LINE = re.compile(rf"([0-9a-f]{{64}})  ({_NAME.pattern})")


class EvidenceError(Exception):
    """Evidence has a name that a manifest cannot hold, or is no plain file; the message says which."""


def check_name(name: str) -> None:
    """Refuse what could leave the folder or hide in a manifest.

    Raises:
        EvidenceError: the name is not made of plain parts.
    """
    if not _NAME.fullmatch(name):
        msg = f"evidence cannot be named {name!r}: use letters, digits and . _ - in each part of the path"
        raise EvidenceError(msg)


def survey(folder: Path) -> dict[str, str]:
    """Name -> SHA-256 of every file of an evidence folder, the manifest excepted.

    Raises:
        EvidenceError: a link or a special file is among them.
        OSError: a file cannot be read.
    """
    digests = {}
    for directory, folders, names in os.walk(folder, onerror=_raise):
        for name in [*folders, *names]:
            path = Path(directory) / name
            label = path.relative_to(folder).as_posix()
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                msg = f"{FOLDER}/{label} is a link or a special file"
                raise EvidenceError(msg)
            if path.is_file() and label != MANIFEST:
                digests[label] = _digest(path)
    return digests


def encode(digests: Mapping[str, str]) -> bytes:
    """The bytes of a manifest, ordered by name.

    Raises:
        EvidenceError: a name that a manifest cannot hold.
    """
    for name in digests:
        check_name(name)
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode()


def decode(content: bytes) -> dict[str, str]:
    """Name -> SHA-256.

    Raises:
        ValueError: a line that is no line of a manifest.
    """
    digests = {}
    for line in content.decode("ascii").splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            msg = f"no line of a manifest: {line!r}"
            raise ValueError(msg)
        digests[match[2]] = match[1]
    return digests


def _raise(problem: OSError) -> None:
    raise problem  # or what lies in a folder that cannot be read would not be seen


def _digest(path: Path) -> str:
    with open_plain(path) as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
