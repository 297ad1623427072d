"""Load profiles and specifications: what comes with the product is valid, and impossible numbers are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.performance._early_stopping import samples_needed
from fixtures.reference.description import reference_application
from loadtests.generator.accounts import LoadAccount
from loadtests.generator.spec import LoadSpec, SpecError
from loadtests.schedules.profiles import ProfileError, load_profile, make_profile, profile_names

pytestmark = pytest.mark.unit

GOOD: dict[str, object] = {
    "name": "mine",
    "users": 10,
    "think_s": [1, 2],
    "seconds": 5,
    "roles": {"clinician": 0.6, "nurse": 0.4},
}


def _spec(**changes: object) -> LoadSpec:
    accounts = [
        LoadAccount(username=f"u{number}", role=role, password="p", totp_secret="")  # noqa: S106  no such account
        for number, role in enumerate(["physician"] * 6 + ["nurse"] * 4)
    ]
    fields: dict[str, object] = {
        "target": "t",
        "base_url": "https://10.0.0.1/api/",
        "accounts": accounts,
        "application": reference_application(),
        "profile": make_profile(GOOD),
        "seed": 1,
    }
    return LoadSpec.model_validate(fields | changes)


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_of_the_product_is_valid(name: str) -> None:
    """It can be read, and its users add up."""
    profile = load_profile(name)
    assert sum(profile.headcount().values()) == profile.users


@pytest.mark.parametrize("name", ["gate", "smoke"])
def test_a_gate_load_is_long_enough_to_decide(name: str) -> None:
    """Enough requests for an error rate below 1 % with one failure, and chats for p95 with five slow ones."""
    profile = load_profile(name)
    expected = profile.rate * profile.seconds
    assert expected - 2 * expected**0.5 >= samples_needed(1, 0.01, 0.99)
    assert expected * profile.roles["clinician"] * 0.85 >= samples_needed(5, 0.05, 0.99)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"users": 0}, "users: Input should be greater than or equal to 1"),
        ({"think_s": [5, 1]}, "think_s: the shortest, 5 s, is above the longest, 1 s"),
        ({"think_s": [0, 0]}, "think_s.1: Input should be greater than 0"),
        ({"seconds": -1}, "seconds: Input should be greater than 0"),
        ({"roles": {"nurse": 0.5}}, "roles: the shares add up to 0.5, not to 1"),
        ({"roles": {"janitor": 1}}, "roles.janitor"),
        ({"output_tokens": [9, 3]}, "output_tokens: the fewest, 9, are more than the most, 3"),
        (
            {"actions": {"researcher": {"privacy.budget": 1}}},
            "actions: given for researcher, who has no share in roles",
        ),
        ({"speed": 3}, "speed: Extra inputs are not permitted"),
    ],
)
def test_impossible_numbers_are_named(change: dict[str, object], reason: str) -> None:
    """One sentence says which field is wrong and why."""
    with pytest.raises(ProfileError, match="profile mine: ") as caught:
        make_profile(GOOD | change)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_or_unreadable_profile_is_one_sentence(tmp_path: Path) -> None:
    """The names that exist are given; a broken file is named."""
    with pytest.raises(
        ProfileError, match="no load profile named 'gaet'; there are gate, smoke, ramp, soak, spike, kpi"
    ):
        load_profile("gaet")
    broken = tmp_path / "profiles.toml"
    broken.write_text("[gate")
    with pytest.raises(ProfileError, match="is not TOML"):
        load_profile("gate", broken)
    with pytest.raises(ProfileError, match="No such file"):
        load_profile("gate", tmp_path / "none.toml")


def test_every_user_is_an_account_of_its_own_role() -> None:
    """Clinicians are physicians, nobody plays twice, and too few accounts are refused before any load."""
    assigned = _spec().assignments()
    names = [account.username for _, account in assigned if account]
    assert len(set(names)) == len(assigned) == 10
    played = {(role, account.role) for role, account in assigned if account}
    assert played == {("clinician", "physician"), ("nurse", "nurse")}
    few = _spec().accounts[:8]
    with pytest.raises(SpecError, match="needs 4 accounts of the role nurse; t declares 2"):
        _spec(accounts=few).assignments()


def test_addresses_come_from_the_declared_network() -> None:
    """One source address per user, as far as they go; users who share one wait for their log-in."""
    spec = _spec(sources="10.0.8.0/30", log_ins_per_minute=5)
    assert [spec.source(index) for index in range(3)] == ["10.0.8.1", "10.0.8.2", "10.0.8.1"]
    assert [spec.patience_s(index) for index in range(5)] == [0, 0, 12, 12, 24]
    assert _spec().source(0) == ""


def test_the_address_is_that_of_the_target() -> None:
    """Host, port and path come from the base URL; anything but http and https is refused."""
    spec = _spec()
    assert (spec.address(), spec.prefix, spec.tls) == (("10.0.0.1", 443), "/api", True)
    with pytest.raises(SpecError, match="ftp://x is not an http or https URL"):
        _spec(base_url="ftp://x").address()
