"""The Orthanc example as a Compose project: what ``target init`` drafts is taken, and each broken setting is named."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from checks.catalogue import catalogue
from checks.evaluate import evaluate
from checks.model import Result, Status
from checks.policy import load_policy
from cli import main
from examples.orthanc.compose.breakages import BREAKAGES, ComposeBreakage
from examples.orthanc.compose.project import IMAGE, PROJECT, SEGMENTS
from fixtures import REPOSITORY
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import read_target
from suites.composing import NEEDS_COMPOSE, compose, image_as_before, skip_where_taken
from suites.unit.hosts.host_image import NEEDS_HOST_IMAGE

pytestmark = [pytest.mark.example, NEEDS_COMPOSE, NEEDS_HOST_IMAGE]
POLICY = load_policy(str(REPOSITORY / "examples" / "orthanc" / "compose" / "policy.toml"))
IN_THE_DRAFT = {
    "name": "archive",
    "user": "auditor",
    "application_role": "orthanc",
    "server_name": "images.clinic.test",
}


@dataclass(frozen=True)
class ComposedExample:
    """The project as it runs, and the drafted target file, its secrets filled in."""

    folder: Path
    target: Path

    def judge(self, check: str) -> Result:
        """The result of one check, looked at anew."""
        (rule,) = (rule for rule in catalogue() if rule.id == check)
        with closing(Deployment(read_target(self.target))) as deployment:
            return evaluate(rule, deployment.find, POLICY, target="archive")

    def as_written(self, service: str) -> None:
        """Bring a service back to what the compose file says."""
        compose(self.folder, "up", "--detach", "--no-deps", "--force-recreate", service)

    def broken(self, breakage: ComposeBreakage) -> None:
        """Start the service of a breakage anew, with it."""
        document: Mapping[str, Any] = yaml.safe_load((self.folder / "compose.yaml").read_text())
        file = self.folder / "broken.yaml"
        file.write_text(yaml.safe_dump(dict(breakage.apply(document))))
        compose(self.folder, "up", "--detach", "--no-deps", "--force-recreate", breakage.service, files=[file])


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposedExample]:
    skip_where_taken(PROJECT)
    folder = tmp_path_factory.mktemp("archive")
    with image_as_before(IMAGE):
        done = CliRunner().invoke(main, ["example", "compose", "orthanc", str(folder)])
        assert done.exit_code == 0, done.output
        try:
            compose(folder, "up", "--detach")
            yield ComposedExample(folder, _drafted(folder))
        finally:
            compose(folder, "down", "--volumes")


def _drafted(folder: Path) -> Path:
    """What ``target init`` drafts of the running project, with what it asks for filled in: secrets, names, segments."""
    target = folder / "mine.toml"
    given = ("--accounts", str(folder / "accounts.csv"), "--ca", str(folder / "ca" / "ca.crt"))
    done = CliRunner().invoke(main, ["target", "init", str(target), "--compose", "orthanc", *given])
    assert done.exit_code == 0, done.output
    lines = []
    section = ""
    for line in target.read_text().splitlines():
        section = line if line.startswith("[") else section if line else ""
        key = re.match(r"# (\w+) = .*\(required\)", line)
        lines.append(f'{key[1]} = "{IN_THE_DRAFT[key[1]]}"' if section and key else line)
        if line.startswith("prometheus = "):
            lines[-1] = line.replace("http://", "https://")
            lines += [f'certificate = "{folder}/harness.crt"', f'key = "{folder}/harness.key"']
    text = "\n".join(lines).replace('username = "default"', 'username = "operator"')
    allowed = "\n".join(f"{source} = {json.dumps(targets)}" for source, targets in SEGMENTS.items())
    target.write_text(f"{text}\n[containers.segments]\n{allowed}\n")
    vault = json.loads((folder / "vault.json").read_text())
    for part, secret in (("database", "database.auditor"), ("cache", "cache.operator")):
        file = folder / "secrets" / part if part == "cache" else folder / "secrets" / "auditor.password"
        file.write_text(vault[secret])
        file.chmod(0o600)
    target.write_text(target.read_text().replace('"secrets/database"', '"secrets/auditor.password"'))
    return target


def test_the_draft_is_taken_once_its_secrets_are_filled_in(composed: ComposedExample) -> None:
    """Database, cache, front door and monitoring are reached by what was drafted, and every container is seen."""
    done = CliRunner().invoke(main, ["target", "check", str(composed.target)])
    assert done.exit_code in (0, 3), done.output  # 3: not everything is declared
    states = dict(re.findall(r"^ (\w+) +(reached|unknown)", done.stdout, re.MULTILINE))
    parts = ("edge", "database", "cache", "monitoring", "containers")
    assert {part: states[part] for part in parts} == dict.fromkeys(parts, "reached")


@pytest.mark.parametrize("check", sorted({breakage.check for breakage in BREAKAGES}))
def test_as_it_is_written_every_check_of_containers_holds(composed: ComposedExample, check: str) -> None:
    """Or what is broken below would prove nothing."""
    result = composed.judge(check)
    assert result.status is Status.PASS, [f"{each.subject} {each.message}" for each in result.findings if not each.ok]


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.name)
def test_a_broken_setting_is_named_by_its_check(composed: ComposedExample, breakage: ComposeBreakage) -> None:
    """And so is the container that has it, and no other."""
    try:
        composed.broken(breakage)
        result = composed.judge(breakage.check)
    finally:
        composed.as_written(breakage.service)
    assert result.status is Status.FAIL, result
    named = [finding.subject for finding in result.findings if not finding.ok]
    assert named
    assert all(
        f"orthanc_{breakage.service}_1" in subject or f"orthanc-{breakage.service}-1" in subject for subject in named
    )
