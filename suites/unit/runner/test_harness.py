"""What judged is held against the commit: edits, deletions, additions and what comes in by the environment are told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures import REPOSITORY
from runner.harness import differences, shown_argument, sources

pytestmark = pytest.mark.unit
_SAY = "from runner.harness import *; print(*remarks(began_with=sources(), own=[], plugins=[]), sep='\\n')"
_CHECK = "checks/tls/legacy_protocols_refused.py"


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This tree, committed in a repository of its own."""
    tree = tmp_path_factory.mktemp("harness") / "tree"
    for path in sources():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes((REPOSITORY / path).read_bytes())
    for arguments in (["init", "-q"], ["add", "-f", "-A"], ["commit", "-q", "-m", "all"]):
        _git(tree, *arguments)
    return tree


@pytest.fixture
def tree(committed: Path, tmp_path: Path) -> Path:
    """A clone of it, for one attack."""
    place = tmp_path / "clone"
    _git(committed, "clone", "-q", str(committed), str(place))
    return place


def _git(where: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=where, check=True, capture_output=True)


def _remarks(tree: Path, own: str = "[]", **environment: str) -> list[str]:
    plain = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTEST_ADDOPTS")}
    # Python looks for modules where it is started first, as it does for whoever works in the tree.
    argv = [sys.executable, "-c", _SAY.replace("own=[]", f"own={own}")]
    done = subprocess.run(argv, cwd=tree, env=plain | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line]


def test_the_harness_that_was_committed_has_no_remarks(tree: Path) -> None:
    assert _remarks(tree) == []


def test_an_edited_check_is_told(tree: Path) -> None:
    path = tree / _CHECK
    path.write_text(path.read_text() + "\n# nothing\n")
    assert _remarks(tree) == [f"changed since the commit: {_CHECK}"]


def test_an_edit_that_gits_index_was_told_to_overlook_is_told(tree: Path) -> None:
    _git(tree, "update-index", "--assume-unchanged", _CHECK)
    path = tree / _CHECK
    path.write_text(path.read_text() + "\n# nothing\n")
    clean = subprocess.run(["git", "status", "--porcelain"], cwd=tree, capture_output=True, text=True, check=True)
    assert clean.stdout == "", "git itself sees it: this would prove nothing"
    assert _remarks(tree) == [f"changed since the commit: {_CHECK}"]


def test_a_deleted_check_is_told(tree: Path) -> None:
    (tree / _CHECK).unlink()
    assert _remarks(tree) == [f"removed since the commit: {_CHECK}"]


def test_an_added_conftest_is_told(tree: Path) -> None:
    (tree / "suites/gate/conftest.py").write_text("")
    assert _remarks(tree) == ["added since the commit: suites/gate/conftest.py"]


def test_a_module_that_stands_before_a_library_is_told(tree: Path) -> None:
    (tree / "tomli_w.py").write_text("")
    with (tree / "runner/harness.py").open("a") as harness:
        harness.write("\nimport tomli_w\n")
    _git(tree, "commit", "-qam", "an import")
    assert _remarks(tree) == ["loaded what is not of the commit: tomli_w.py"]


def test_an_adapter_in_the_checkout_hides_none_of_its_neighbours(tree: Path) -> None:
    """It is named by the report itself; what lies beside it is not."""
    for name in ("clinic", "tomli_w"):
        (tree / f"{name}.py").write_text("")
    with (tree / "runner/harness.py").open("a") as harness:
        harness.write("\nimport clinic, tomli_w\n")
    _git(tree, "commit", "-qam", "imports")
    assert _remarks(tree, own=f"[Path({str(tree / 'clinic.py')!r})]") == [
        "loaded what is not of the commit: tomli_w.py"
    ]


@pytest.mark.parametrize("name", ["PYTEST_ADDOPTS", "PYTHONPATH", "LD_LIBRARY_PATH"])
def test_what_the_environment_brings_in_is_told(tree: Path, name: str) -> None:
    value = "-q" if name == "PYTEST_ADDOPTS" else str(tree)
    assert f"started with {name}" in _remarks(tree, **{name: value})


def test_git_is_not_led_to_another_repository_by_its_environment(tree: Path, committed: Path) -> None:
    path = tree / _CHECK
    path.write_text(path.read_text() + "\n# nothing\n")
    assert _remarks(tree, GIT_DIR=str(committed / ".git")) == [f"changed since the commit: {_CHECK}"]


def test_a_tree_without_a_repository_is_not_known_to_be_what_was_committed(tree: Path) -> None:
    (tree / ".git").rename(tree / "git")
    assert _remarks(tree) == ["there is no commit to hold it against"]


def test_of_many_the_first_are_named() -> None:
    found = {f"checks/{n}.py": "a" for n in range(5)}
    there = {f"checks/{n}.py": "b" for n in range(5)} | {"docs/x.md": "c"}
    assert differences(found, there) == ["changed since the commit: checks/0.py, checks/1.py, checks/2.py and 2 more"]


@pytest.mark.parametrize("option", ["", "--signing-key="])
def test_of_a_command_that_signs_the_program_is_kept(option: str) -> None:
    """Its arguments may say how it is let in."""
    assert shown_argument(f"{option}command:/opt/sign hunter2\n--as x") == (
        f"{option}command:/opt/sign [its arguments are not kept]"
    )
    assert shown_argument("command:/opt/sign") == "command:/opt/sign"
    assert shown_argument("--signing-key=/keys/gate.pem") == "--signing-key=/keys/gate.pem"
