"""`docs/OWN_CHECKS.md` shows what stands in `examples/own_code`, whose files the tests of this folder run."""

from __future__ import annotations

import re
import shlex

import pytest
from click.testing import CliRunner

from cli import main
from fixtures import REPOSITORY
from fixtures.deployment.target_file import read_target

PAGE = (REPOSITORY / "docs" / "OWN_CHECKS.md").read_text()
EXAMPLES = REPOSITORY / "examples" / "own_code"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [line.partition("   ")[0] for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]


def test_the_code_that_it_shows_stands_in_files_that_are_run() -> None:
    """Line by line, but for one sketch; and each of the three parts is among them."""
    files = {path: path.read_text() for path in EXAMPLES.rglob("*") if path.suffix in (".py", ".toml")}
    shown = [text for kind, text in BLOCKS if kind in ("python", "toml") and "..." not in text]
    places = [[path.parent.name for path, content in files.items() if text.strip() in content] for text in shown]
    assert all(places), [text for text, found in zip(shown, places, strict=True) if not found]
    assert {place for found in places for place in found} == {"tests", "data", "checks", "adapter"}


def test_the_target_file_of_the_example_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_DOCTOR_KEY", "one")
    monkeypatch.setenv("CLINIC_CLERK_KEY", "another")
    target = read_target(EXAMPLES / "adapter" / "target.toml")
    assert (target.adapter, target.application) == (
        EXAMPLES / "adapter" / "clinic.py",
        EXAMPLES / "adapter" / "application.toml",
    )


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("clinical-gate")])
def test_the_commands_that_it_shows_are_there(command: str) -> None:
    """With the options that it gives them."""
    _, *words = shlex.split(command)
    done = CliRunner().invoke(main, [*words, "--help"])
    assert done.exit_code == 0, done.output


def test_every_kind_of_fixture_is_named() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    plugin = (REPOSITORY / "fixtures" / "plugin.py").read_text()
    assert set(re.findall(r"^(\w+) = _part\(", plugin, re.MULTILINE)) <= named
