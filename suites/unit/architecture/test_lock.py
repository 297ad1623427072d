"""What is installed is what was declared: every dependency has a pin in the lock file that fits its range."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from fixtures import REPOSITORY

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def _pins(lock: str = "requirements.lock") -> dict[str, list[Version]]:
    found: dict[str, list[Version]] = {}
    for name, version in _PIN.findall((REPOSITORY / lock).read_text()):
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


def test_what_drives_a_browser_is_locked_apart_and_fits_what_is_installed_anyway() -> None:
    """Its lock file says how it is written."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    [wish] = [Requirement(text) for text in project["optional-dependencies"]["browser"]]
    usual, browser = _pins(), _pins("requirements-browser.lock")
    assert [wish.specifier.contains(version) for version in browser[canonicalize_name(wish.name)]] == [True]
    assert [name for name, pins in browser.items() if name in usual and pins != usual[name]] == []
