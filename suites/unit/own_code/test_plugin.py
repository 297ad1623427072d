"""Tests of users' own, in a folder and a process of their own, with the fixtures of `fixtures.plugin`."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import REPOSITORY
from fixtures.deployment.openers import OPENERS
from fixtures.stack import runs
from suites.unit.own_code.signed_clinic import signed_clinic

TESTS = REPOSITORY / "examples" / "own_code" / "tests"
PATIENCE_S = 60.0
WAITS = """
import signal
from checks.lab import CacheFlaws
def test_it_waits(lab):
    lab.build(CacheFlaws())
    print("the cache is up", flush=True)
    signal.pause()
"""
EVERY = "".join(f"def test_{kind.__name__.lower()}({kind.__name__.lower()}): ...\n" for kind in OPENERS)


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    """A folder of its own with the example's tests."""
    return shutil.copytree(TESTS, tmp_path / "hospital", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """Of a running clinic."""
    (tmp_path / "clinic").mkdir()
    with signed_clinic(tmp_path / "clinic") as file:
        yield file


def _argv(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", *map(str, arguments)]


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(REPOSITORY)}


def _run(tests: Path, *options: str) -> subprocess.CompletedProcess[str]:
    argv = _argv(*options, tests)
    return subprocess.run(argv, cwd=tests, env=_environment(), capture_output=True, text=True, check=False)


def test_tests_of_a_hospital_look_at_its_own_deployment(tests: Path, target: Path) -> None:
    """Two hold; what the third asks for is not declared, which fails it in one sentence, and skips it if told so."""
    done = _run(tests, f"--target={target}")
    assert "2 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "the target file has no [hosts] section: add one with private_keys" in done.stdout
    assert "Traceback" not in done.stdout
    assert "plugin.py" not in done.stdout

    done = _run(tests, f"--target={target}", "--not-declared=skip")
    assert "2 passed, 1 skipped" in done.stdout, done.stdout + done.stderr
    assert "the target file has no [hosts] section" in done.stdout


def test_what_a_test_finds_undeclared_while_it_runs_is_one_sentence(tests: Path, target: Path) -> None:
    """Likewise; what cannot be looked at for another reason is never skipped."""
    (tests / "test_our_clinic.py").write_text(
        "from checks.model import CannotLookError\n"
        "def test_trail(api): api.trail()\n"
        "def test_gone(api): raise CannotLookError('it is gone')\n"
    )
    done = _run(tests, f"--target={target}")
    assert "2 failed" in done.stdout, done.stdout
    assert re.search(r"^clinic.py has no trail: requests are signed", done.stdout, re.MULTILINE)
    assert "1 failed, 1 skipped" in _run(tests, f"--target={target}", "--not-declared=skip").stdout


def test_every_kind_of_target_is_a_fixture(tests: Path, tmp_path: Path) -> None:
    """None passes where nothing is declared, and pytest's own fixture of the same name is not in the way."""
    (tmp_path / "nothing.toml").write_text('name = "nothing"\n')
    (tests / "test_our_clinic.py").write_text(EVERY + "def test_stack(stack): ...\n")
    done = _run(tests, f"--target={tmp_path / 'nothing.toml'}", "-p", "cacheprovider")
    assert f"{len(OPENERS) + 1} errors" in done.stdout, done.stdout
    assert "passed" not in done.stdout


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name = ", "is not TOML"),
        ('name = "x"\nadapter = "gone.py"\n', "there is no file "),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_target_that_cannot_be_used_ends_the_run_with_2(
    text: str | None, sentence: str, tests: Path, tmp_path: Path
) -> None:
    file = tmp_path / "target.toml"
    if text is not None:
        file.write_text(text)
    done = _run(tests, f"--target={file}")
    assert done.returncode == 2
    assert sentence in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_what_a_test_built_is_gone_after_ctrl_c(tests: Path) -> None:
    """The lab's run, its processes and its directory."""
    (tests / "test_our_clinic.py").write_text(WAITS)
    argv = ["env", "--default-signal=INT", *_argv("-s", tests)]
    with subprocess.Popen(argv, cwd=tests, env=_environment(), stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if "the cache is up" in line:
                break
        [run] = [run for run in runs.runs() if run.owner == running.pid]
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=PATIENCE_S)
    assert running.returncode == pytest.ExitCode.INTERRUPTED
    assert not Path(run.root).exists()
