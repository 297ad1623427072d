"""A path that an option of ours takes is no place of tests, wherever it lies and however it is written."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fixtures import REPOSITORY
from runner import early

PATHS = ("--target", "--policy", "--checks", "--model", "--report-dir", "--signing-key", "--waivers")
WRONG = {
    "--target": "is not TOML",
    "--policy": "is not TOML",
    "--checks": "there is no folder",
    "--model": "is no GGUF file",
    "--signing-key": "clinical-gate: ",
    "--waivers": "is not TOML",
}


def _pytest(*arguments: str, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    """As from a shell; the plugin is named, since an installation may be older than its entry point."""
    environment = os.environ | {"PYTEST_PLUGINS": early.__name__, "PYTHONPATH": str(REPOSITORY)}
    argv = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_a_report_folder_that_exists_is_no_place_of_tests(tmp_path: Path) -> None:
    """28. The tests are those that were asked for, by the settings of this directory."""
    (tmp_path / "test_of_somebody_else.py").write_text("def test_nothing(): pass\n")
    done = _pytest("--report-dir", str(tmp_path), "suites/unit/architecture/test_lock.py", "--collect-only", "-q")

    *found, _, count = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(line.startswith("suites/unit/architecture/test_lock.py::") for line in found)
    assert count.startswith(f"{len(found)} test")


@pytest.mark.parametrize("option", WRONG)
def test_every_option_reads_the_file_that_it_is_given(option: str, tmp_path: Path) -> None:
    """28. One sentence about that file says that it was taken for what it is."""
    path = tmp_path / "given.toml"
    path.write_text("= nothing that anybody could read")
    done = _pytest("suites/unit/architecture/test_lock.py", option, str(path))

    assert done.returncode == 2, done.stdout + done.stderr
    assert WRONG[option] in done.stdout + done.stderr
    assert str(path) in done.stdout + done.stderr


def test_every_option_that_takes_a_path_is_tried(pytestconfig: pytest.Config) -> None:
    assert {*WRONG, "--report-dir"} == set(PATHS)
    assert all(
        pytestconfig.getoption(option.removeprefix("--").replace("-", "_"), "none") != "none" for option in PATHS
    )


def test_tests_beside_a_path_are_still_found(tmp_path: Path) -> None:
    """Only unknown options are joined, and only with what is there."""
    there = str(tmp_path)
    assert early.joined(["-q", "--report-dir", there, "suites"], ["--report-dir"]) == [
        "-q",
        f"--report-dir={there}",
        "suites",
    ]
    assert early.joined(["--verbose", there], []) == ["--verbose", there]
    assert early.joined([f"--report-dir={there}", there], [f"--report-dir={there}"]) == [f"--report-dir={there}", there]
    assert early.joined(["--report-dir", "/gone"], ["--report-dir"]) == ["--report-dir", "/gone"]


def test_another_project_is_left_alone(tmp_path: Path) -> None:
    """Its unknown options are its own affair."""
    (tmp_path / "conftest.py").write_text("def pytest_addoption(parser): parser.addoption('--place')\n")
    (tmp_path / "test_it.py").write_text("def test_it(pytestconfig): assert pytestconfig.getoption('place') == '.'\n")
    done = _pytest("--place", ".", "-q", "-p", "no:cacheprovider", cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_the_installed_project_brings_the_plugin() -> None:
    """By an entry point of the plugin's own name, so that naming it again loads nothing twice."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {early.__name__: early.__name__}
