"""A load by description: an application that nobody here knows is asked for what its file says, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from checks.model import Reason, Status
from checks.policy import load_policy
from checks.targets import Load
from fixtures.deployment.target_file import read_target
from fixtures.targets.load.target import load_spec
from loadtests.generator.spec import LoadSpec, SpecError
from loadtests.schedules.arrivals import arrivals
from loadtests.schedules.described import described
from loadtests.schedules.profiles import Profile, load_profile
from runner.load_judge import judge_load
from suites.unit.application.clinic import clinic
from suites.unit.load.load_command import load_command, record_of
from suites.unit.load.ward import DESCRIPTION, WardApplication, described_target

TWELVE = {"carer": 4, "doctor": 8}


def _spec(
    folder: Path, accounts: dict[str, int], profile: str = "smoke", *, users: int = 0, more: str = ""
) -> LoadSpec:
    target = read_target(Path(described_target(folder, "http://127.0.0.1:1", accounts, more)))
    return load_spec(target, load_profile(profile), 1, promised_users=users)


def _loaded(folder: Path, short: str, ward: WardApplication) -> Load:
    with clinic(ward) as server:
        target = described_target(folder, server.base_url, TWELVE, "users_per_account = 5")
        done = load_command("--target", target, "--profile", short, "--seed", "3", "--json")
    return record_of(done)


def test_a_ward_is_loaded_by_its_description(tmp_path: Path, short: str) -> None:
    """Chats in one piece, lists, reads and writes, all rightly answered, and every note found again."""
    ward = WardApplication()
    load = _loaded(tmp_path, short, ward)
    kinds = {kind.kind: kind for kind in load.kinds if ":" not in kind.kind}
    assert kinds.keys() == {"inference.chat", "patient.list", "patient.read", "patient.encounter"}
    assert [kind for kind, found in kinds.items() if found.errors] == []
    assert load.written
    assert load.written.complete
    assert (load.written.acknowledged, load.written.lost, load.written.duplicated) == (len(ward.notes), 0, 0)
    assert len(ward.notes) >= kinds["patient.encounter"].total > 0
    assert load.left_out == ("inference.chat:first_token",)


def test_a_ward_that_forgets_is_found_out(tmp_path: Path, short: str) -> None:
    """Every acknowledged note is lost, and another's record is no right answer."""
    load = _loaded(tmp_path, short, WardApplication(forgetful=True, confused=True))
    reads = next(kind for kind in load.kinds if kind.kind == "patient.read")
    assert dict(reads.errors) == {"wrong body": reads.total}
    assert load.written
    assert load.written.lost == load.written.acknowledged > 0


def test_a_check_of_what_was_not_sent_says_which_lines_to_add(tmp_path: Path, short: str) -> None:
    """A chat that comes whole has no first token to judge."""
    load = _loaded(tmp_path, short, WardApplication())
    policy = load_policy("default")
    few = policy.model_copy(update={"performance": policy.performance.model_copy(update={"users": 1})})
    found = {result.check_id: result for result in judge_load(load, few)}
    first = found["performance/first_token_p95_within_limit"]
    assert (first.status, first.reason) == (Status.UNKNOWN, Reason.NOT_DECLARED)
    assert "stream = true under [inference]" in first.explanation


def test_an_action_that_is_not_described_gives_its_share_to_the_others() -> None:
    """Within a role by the weights, between roles by the shares; with everything described nothing changes."""
    gate = load_profile("gate")
    assert described(gate, {action for role in gate.roles for action in gate.weights(role)}) == (gate, ())
    kept, left_out = described(gate, {"inference.chat", "patient.read"})
    assert kept
    assert left_out == (
        "audit.read",
        "federation.heartbeat",
        "patient.encounter",
        "patient.list",
        "privacy.aggregate",
        "privacy.budget",
    )
    assert (kept.users, kept.rate, kept.weights("nurse")) == (gate.users, gate.rate, {"patient.read": 0.5})
    assert dict(kept.headcount()) == {"clinician": 78, "nurse": 42}
    assert described(gate, ())[0] is None


def test_the_reference_load_is_what_it_was() -> None:
    """Nothing of a profile is left out, and a seed draws the same requests in every release."""
    gate = load_profile("gate")
    drawn: Counter[str] = Counter()
    roles = [role for role, count in gate.headcount().items() for _ in range(count)]
    for index, role in enumerate(roles):
        drawn.update(arrival.action for arrival in arrivals(gate, role, index, 1) if arrival.measured)
    assert drawn["inference.chat"] == 538
    assert sum(drawn.values()) == 981


def test_accounts_are_chosen_by_the_applications_own_roles(tmp_path: Path) -> None:
    """Carers are its nurses and doctors its physicians, as [roles] says."""
    spec = _spec(tmp_path, {"carer": 40, "doctor": 70})
    played = Counter((role, account.role) for role, account in spec.assignments() if account)
    assert played == {("clinician", "doctor"): 65, ("nurse", "carer"): 35}
    assert spec.left_out[:3] == ("audit.read", "privacy.aggregate", "privacy.budget")


def test_too_few_accounts_are_said_in_the_applications_words(tmp_path: Path) -> None:
    """With how many might share one."""
    words = (
        r"needs 65 accounts of the role physician \(doctor\); mine declares 8: or .*users_per_account = 9 under \[api\]"
    )
    with pytest.raises(SpecError, match=words):
        _spec(tmp_path, TWELVE).assignments()


def test_users_may_share_accounts(tmp_path: Path) -> None:
    """Where the target says how many; they are spread over all accounts."""
    spec = _spec(tmp_path, TWELVE, more="users_per_account = 9")
    shares = Counter(account.username for _, account in spec.assignments() if account)
    assert len(shares) == 12
    assert max(shares.values()) == 9
    assert sum(shares.values()) == 100


@pytest.mark.parametrize(("profile", "users"), [("smoke", 12), ("spike", 12)])
def test_as_many_users_as_are_promised_for_send_the_same_requests(profile: str, users: int, tmp_path: Path) -> None:
    """Where there are no accounts for more: at the same rate, in the same shape."""
    whole, spec = load_profile(profile), _spec(tmp_path, TWELVE, profile, users=users)
    assert (spec.profile.users, len(spec.assignments())) == (users, users)
    assert spec.profile.rate == pytest.approx(whole.rate)
    assert (spec.profile.spike() is None) == (whole.spike() is None)
    enough = _spec(tmp_path, {"carer": 300, "doctor": 500}, profile, users=users)
    assert enough.profile.users == whole.users


def test_a_profile_of_which_nothing_is_described_names_the_lines(tmp_path: Path) -> None:
    """And sends nothing."""
    audits = tmp_path / "audits.toml"
    audits.write_text("[audits]\nusers = 1\nthink_s = [1, 2]\nseconds = 2\nroles = { auditor = 1.0 }\n")
    done = load_command("--target", described_target(tmp_path, "http://127.0.0.1:1", TWELVE), "--profile", str(audits))
    assert done.exit_code == 2
    assert '[[load]] with action = "audit.read", act = "..."' in done.stderr


def test_a_production_system_is_sent_no_load_above_its_stated_rate(tmp_path: Path) -> None:
    """Nor any without one, and nothing is written to it."""
    path = Path(described_target(tmp_path, "http://127.0.0.1:1", {"carer": 40, "doctor": 70}))
    text = path.read_text().replace('environment = "test"\n', "")
    path.write_text(text)
    done = load_command("--target", str(path), "--profile", "smoke")
    assert done.exit_code == 2
    assert "mine is a production system, which is sent no load above a stated rate" in done.stderr
    path.write_text(text.replace("[api]", "[api]\nrate = 24"))
    done = load_command("--target", str(path), "--profile", "smoke")
    assert done.exit_code == 2
    assert "the profile smoke sends up to 25 requests/s, and mine, a production system, states rate = 24" in done.stderr
    path.write_text(text.replace("[api]", "[api]\nrate = 40"))
    profile: Profile = load_spec(read_target(path), load_profile("smoke"), 1).profile
    assert "patient.encounter" not in profile.weights("nurse")


def test_the_description_is_part_of_what_leader_and_workers_share(tmp_path: Path) -> None:
    """Who has another does not know what is sent."""
    one = _spec(tmp_path, TWELVE, more="users_per_account = 9")
    other = one.model_copy(update={"application": None})
    assert one.seal("hello") != other.seal("hello")
    assert json.loads(one.model_dump_json())["application"]["name"] == "ward"
    assert 'name = "ward"' in DESCRIPTION
