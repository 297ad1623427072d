"""Every policy that comes with the product is readable, and speaks of checks and controls that exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.catalogue import catalogue, controls
from checks.policy import PolicyError, load_policy, policy_names
from fixtures import REPOSITORY
from fixtures.application.file import read_application

SYSTEMS = {"default", "intelluxe", "dp-router", "medical-assistant", "aimedres", "therapy-analyzer"}


def test_each_gated_system_has_a_policy() -> None:
    """The reference stack and the five systems can be named on the command line."""
    assert set(policy_names()) == SYSTEMS


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_policies_name_only_what_exists(name: str) -> None:
    """An exemption for a check that is gone, or a control nobody defines, would silently weaken the gate."""
    policy = load_policy(name)
    known = [rule.id for rule in catalogue()]
    assert [e.check for e in policy.not_applicable if not any(map(e.covers, known))] == []
    assert [c for c in policy.required_controls if c not in controls()] == []


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_every_required_control_is_covered_by_an_applicable_check(name: str) -> None:
    """A required control that no check covers would reject every deployment."""
    policy = load_policy(name)
    covered = {c for rule in catalogue() if policy.exempts(rule.id) is None for c in rule.controls}
    assert [c for c in policy.required_controls if c not in covered] == []


def test_an_unknown_policy_is_refused_by_name() -> None:
    """The message names the policies that there are."""
    with pytest.raises(PolicyError, match="no policy named 'nope'; there are aimedres, default"):
        load_policy("nope")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name = ", "is not TOML"),
        ('name = "x"\nsystem = "y"\n', "required_controls: Field required"),
        ('name = "x"\nsystem = "y"\nrequired_controls = []\nfloor = 2\n', "floor: Input should be less than or equal"),
        (
            'name = "x"\nsystem = "y"\nrequired_controls = []\nsurprise = 2\n',
            "surprise: Extra inputs are not permitted",
        ),
        (
            'name = "x"\nsystem = "y"\nrequired_controls = []\n[federation]\nstrategy = "fedavg"\n',
            "federation.strategy: Input should be 'fedprox'",
        ),
        (
            'name = "x"\nsystem = "y"\nrequired_controls = []\n[privacy]\nadjacency = "edit"\n',
            "privacy.adjacency: Input should be 'add-remove' or 'substitute'",
        ),
    ],
)
def test_a_malformed_policy_says_where(tmp_path: Path, text: str, reason: str) -> None:
    """One clear sentence with the field."""
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(PolicyError, match=reason):
        load_policy(str(file))


EXAMPLES = REPOSITORY / "examples"


def _folder(path: Path) -> str:
    return path.parent.name


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/policy.toml")), ids=_folder)
def test_the_policy_of_an_example_is_readable(path: Path) -> None:
    """A policy that names what no rule reads any more would end its gate before it begins."""
    assert load_policy(str(path)).required_controls


@pytest.mark.parametrize(
    "path", sorted(REPOSITORY.glob("examples/*/application.toml")), ids=lambda path: path.parent.name
)
def test_the_application_file_of_an_example_is_readable(path: Path) -> None:
    """With every fault at once when it is not."""
    assert read_application(path).acts
