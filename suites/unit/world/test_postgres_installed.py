"""The newest PostgreSQL that is complete is the one that is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.hosts.process import MissingProgramError
from fixtures.services.database.installation import programs


def _install(root: Path, version: str, *files: str) -> None:
    for name in files:
        path = root / version / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_the_newest_major_version_is_taken_by_number(tmp_path: Path) -> None:
    """9 is older than 16, and what is no version is none."""
    for version in ("9", "15", "16", "common"):
        _install(tmp_path, version, "bin/initdb", "lib/pgaudit.so")
    assert programs(tmp_path) == tmp_path / "16" / "bin"


def test_a_version_without_a_server_or_without_pgaudit_is_left_aside(tmp_path: Path) -> None:
    """A client alone may be newer than the server; and without pgaudit the reference settings do not start."""
    _install(tmp_path, "15", "bin/initdb", "lib/pgaudit.so")
    _install(tmp_path, "16", "bin/psql", "lib/pgaudit.so")
    _install(tmp_path, "17", "bin/initdb")
    assert programs(tmp_path) == tmp_path / "15" / "bin"


def test_where_there_is_none_the_remedy_is_named(tmp_path: Path) -> None:
    """In one sentence."""
    with pytest.raises(MissingProgramError, match=r"holds no PostgreSQL with pgaudit; ./run setup installs"):
        programs(tmp_path)
