"""What `./run` finds missing, and what it says where apt has none of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fixtures import REPOSITORY
from reports.render.board.printing import NAMES

pytestmark = pytest.mark.unit
_BASH = shutil.which("bash") or "bash"


def _functions(programs: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run lines after the functions of ``./run``, with these programs and no others."""
    text = (REPOSITORY / "run").read_text()
    functions = text[text.index("fail() {") : text.index("install_venv() {")]
    argv = [_BASH, "-c", f"set -euo pipefail\n{functions}\n{script}"]
    return subprocess.run(argv, env={"PATH": str(programs)}, capture_output=True, text=True, check=False)


def _program(path: Path, lines: str = "") -> None:
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("name", [*NAMES, ""])
def test_any_chromium_that_prints_a_board_will_do(name: str, tmp_path: Path) -> None:
    """And where there is none, the package is missing."""
    if name:
        _program(tmp_path / name)
    done = _functions(tmp_path, "job=browser arguments=()\nmissing_packages")
    assert done.returncode == 0, done.stderr
    assert "npm" in done.stdout.split()
    assert ("chromium" in done.stdout.split()) is not bool(name)


_KNOWN = """case "$1 $2" in
  'policy npm') echo '  Candidate: 9.2.0' ;;
  'policy chromium') echo '  Candidate: (none)' ;;
  'depends postgresql') echo '  Depends: postgresql-15' ;;
esac"""
_SUDO = """shift
case $1 in
  apt-get | env) exec "$@" ;;
  tee) while read -r _; do :; done ;;
esac"""
_SAYS = "missing_packages() { echo npm; echo chromium; echo patroni; }\ninstall_packages"


def _installing(programs: Path, apt_get: str) -> subprocess.CompletedProcess[str]:
    """As an account that may use sudo, which here does nothing but what apt is to do."""
    for name in ("mktemp", "rm", "tail", "env", "sed", "head"):
        (programs / name).symlink_to(shutil.which(name) or name)
    _program(programs / "id", "echo 1000")
    _program(programs / "sudo", _SUDO)
    _program(programs / "apt-get", apt_get)
    _program(programs / "apt-cache", _KNOWN)
    return _functions(programs, _SAYS)


def test_what_apt_has_no_package_of_is_told_in_a_sentence(tmp_path: Path) -> None:
    """And not by the last lines of a log."""
    done = _installing(tmp_path, "[ $1 = update ] || { echo E: no installation candidate; exit 100; }")
    told = "run: apt has no package chromium patroni for this system: install it from elsewhere and run again\n"
    assert (done.returncode, done.stderr) == (2, told)


def test_where_apt_reaches_nobody_its_own_words_are_shown(tmp_path: Path) -> None:
    """It knows of no package then, which is no reason to look elsewhere."""
    done = _installing(tmp_path, "echo E: cannot resolve; exit 100")
    told = "E: cannot resolve\nrun: apt could not install npm chromium patroni\n"
    assert (done.returncode, done.stderr) == (2, told)


def test_what_apt_installs_is_no_trouble(tmp_path: Path) -> None:
    done = _installing(tmp_path, "exit 0")
    assert (done.returncode, done.stderr) == (0, "")
