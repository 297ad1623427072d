"""The examples of pipelines: they parse, and every command and option of ours in them is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from cli import main
from fixtures import REPOSITORY

FOLDER = REPOSITORY / "docs/pipelines"
_JENKINS = re.compile(r"^\s*sh '(.*)'$", re.MULTILINE)
_SHELL = frozenset({"|", "||", "&&", ";", ">", ">>"})


def _github() -> list[str]:
    jobs = yaml.safe_load((FOLDER / "github-actions.yml").read_text())["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


def _gitlab() -> list[str]:
    jobs = yaml.safe_load((FOLDER / "gitlab-ci.yml").read_text())
    return [line for job in jobs.values() if "script" in job for line in (*job["script"], *job.get("after_script", ()))]


def _jenkins() -> list[str]:
    return _JENKINS.findall((FOLDER / "Jenkinsfile").read_text())


PIPELINES = {"github-actions.yml": _github, "gitlab-ci.yml": _gitlab, "Jenkinsfile": _jenkins}


def _commands(line: str) -> Iterator[list[str]]:
    """The words of each command in a line of a shell."""
    words: list[str] = []
    for word in [*shlex.split(line), ";"]:
        if word in _SHELL:
            yield words
            words = []
        else:
            words.append(word)


def _problem(words: list[str], pytestconfig: pytest.Config) -> str:
    """What is not there of a command of ours; empty where it is, or where it is none of ours."""
    program = Path(words[0]).name if words else ""
    if program == "clinical-gate":
        return _unknown(main, words[1:])
    if program != "run":
        return ""
    jobs = re.findall(r"^  ([a-z]+(?:\|\S+)?)\)", (REPOSITORY / "run").read_text(), re.MULTILINE)
    if words[1] not in jobs:
        return f"there is no job {words[1]}"
    given = [word.partition("=")[0] for word in words[2:] if word.startswith("--")]
    strange = [each for each in given if not hasattr(pytestconfig.option, each[2:].replace("-", "_"))]
    return f"{words[1]} takes no {strange[0]}" if strange else ""


def _unknown(command: click.Command, words: list[str]) -> str:
    while isinstance(command, click.Group):
        found = command.commands.get(words[0])
        if found is None:
            return f"there is no command {words[0]}"
        command, words = found, words[1:]
    try:
        command.make_context(command.name, list(words))
    except click.UsageError as problem:
        return problem.format_message()
    return ""


@pytest.mark.parametrize("name", PIPELINES)
def test_every_command_of_ours_is_there(name: str, pytestconfig: pytest.Config) -> None:
    lines = PIPELINES[name]()
    problems = [problem for line in lines for words in _commands(line) if (problem := _problem(words, pytestconfig))]
    assert problems == []


@pytest.mark.parametrize("name", PIPELINES)
def test_each_asks_for_the_sign_off_right_before_it_deploys(name: str) -> None:
    """And the gate keeps its key out of the checkout."""
    commands = [words for line in PIPELINES[name]() for words in _commands(line)]
    deploys = next(n for n, words in enumerate(commands) if words == ["./deploy.sh"])
    assert commands[deploys - 1][1:3] == ["report", "verify"]
    assert "--signoff" in commands[deploys - 1]
    (gate,) = [words for words in commands if words[:2] == ["./run", "gate"]]
    assert gate[gate.index("--signing-key") + 1].startswith("$HOME/")


@pytest.mark.parametrize("name", PIPELINES)
def test_a_run_without_a_report_shows_none_of_before(name: str) -> None:
    """Where the pipeline reads `latest` of is where the gate writes, and it is gone before the gate begins."""
    commands = [words for line in PIPELINES[name]() for words in _commands(line)]
    gate = next(n for n, words in enumerate(commands) if words[:2] == ["./run", "gate"])
    reports = commands[gate][commands[gate].index("--report-dir") + 1]
    assert commands[gate - 1] == ["rm", "-f", f"{reports}/gate/latest"]
    read = {word for words in commands[gate + 1 :] for word in words if word.endswith("/latest")}
    assert read == {f"{reports}/gate/latest"}


def test_whatever_is_not_there_is_found(pytestconfig: pytest.Config) -> None:
    """One of each way to be wrong."""
    for line, said in (
        ("./run gat", "there is no job gat"),
        ("./run gate --colour red", "gate takes no --colour"),
        ("true && clinical-gate report verify --colour red", "No such option '--colour'"),
        ("clinical-gate report approv", "there is no command approv"),
        ("clinical-gate report export --format sarf", "'sarf' is not one of"),
    ):
        problems = [_problem(words, pytestconfig) for words in _commands(line)]
        assert any(said in problem for problem in problems), problems
