"""What is installed is what was declared: every dependency has a pin in the lock file that fits its range."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from fixtures import REPOSITORY

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def _pins() -> dict[str, list[Version]]:
    found: dict[str, list[Version]] = {}
    for name, version in _PIN.findall((REPOSITORY / "requirements.lock").read_text()):
        found.setdefault(canonicalize_name(name), []).append(Version(version))
    return found


def test_every_dependency_is_locked_within_its_range() -> None:
    """Write the lock anew when this fails: its first lines say how."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(text) for text in (*project["dependencies"], *project["optional-dependencies"]["dev"])]
    pins = _pins()
    assert len(pins) > len(wanted), "the lock file holds no pins: this would prove nothing"
    unfit = [
        str(wish)
        for wish in wanted
        if not any(wish.specifier.contains(version) for version in pins.get(canonicalize_name(wish.name), []))
    ]
    assert unfit == []
