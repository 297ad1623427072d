"""The policy is signed whole: what was demanded can be read, compared, and not be bent to fit what was found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w
from click.testing import CliRunner, Result

from checks.model import Gate, Status
from checks.policy import Policy
from cli import main
from fixtures import REPOSITORY
from reports.document import ReportDocument, policy_digest
from reports.keys import load_public
from reports.refusals import Refusal, VerificationError
from reports.signed_policy import POLICY, differences
from reports.verify import verify
from reports.writer import PublishError, publish
from suites.unit.own_code.gated import gated
from suites.unit.own_code.test_own_checks import OWN_LAB
from suites.unit.reports.report_samples import AUDIT, document, policy

RULES = policy(gates=(Gate.SECURITY, Gate.COMPLIANCE))


def _judged(rules: Policy = RULES, **options: object) -> ReportDocument:
    made = document(**options)  # type: ignore[arg-type]
    named = {"policy": rules.name, "policy_digest": policy_digest(rules)}
    return made.model_copy(update={"identity": made.identity.model_copy(update=named)})


def _verify(folder: Path, key: Path, *options: object) -> Result:
    return CliRunner().invoke(main, ["report", "verify", str(folder), "--key", str(key), *map(str, options)])


def _file(path: Path, rules: Policy, **changes: object) -> Path:
    table = rules.model_dump(mode="json", exclude_none=True, exclude_defaults=True) | changes
    path.write_text(tomli_w.dumps(table))
    return path


def test_the_whole_policy_is_a_signed_part(tmp_path: Path) -> None:
    published = publish(tmp_path / "gate", "run-1", _judged(), policy=RULES)
    signed = (published.folder / POLICY).read_bytes()
    assert Policy.model_validate_json(signed) == RULES
    assert json.loads(signed)["tls"]["prime_bits"] == 2048, "with what it does not name"
    for attack in (lambda path: path.write_bytes(signed.replace(b"2048", b"1024")), Path.unlink):
        attack(published.folder / POLICY)
        with pytest.raises(VerificationError) as problem:
            verify(published.folder, load_public(published.public_key))
        assert problem.value.refusal is Refusal.POLICY_CHANGED


def test_a_policy_of_the_same_name_is_told_apart_and_in_what(tmp_path: Path) -> None:
    """Weaker in one threshold, which the refusal names."""
    published = publish(tmp_path / "gate", "run-1", _judged(), policy=RULES)
    same, other = _file(tmp_path / "same.toml", RULES), _file(tmp_path / "other.toml", RULES, recovery={"rto_s": 5})
    assert _verify(published.folder, published.public_key, "--policy", same).exit_code == 0
    refused = _verify(published.folder, published.public_key, "--policy", other)
    assert (refused.exit_code, "recovery.rto_s is 60, not 5" in refused.output.replace(".0", "")) == (1, True)


def test_differences_are_few_words() -> None:
    """However many there are."""
    assert differences(b'{"a":1}', b'{"a":1}') == ""
    many = json.dumps({f"k{i}": i for i in range(9)}).encode()
    assert differences(many, b"{}") == "k0 is 0, not there; k1 is 1, not there; k2 is 2, not there and 6 more"


def _floor_lowered(honest: ReportDocument) -> ReportDocument:
    return honest.model_copy(update={"floor": 10.0})


def _control_not_required(honest: ReportDocument) -> ReportDocument:
    controls = tuple(c.model_copy(update={"required": False}) for c in honest.controls)
    return honest.model_copy(update={"controls": controls})


def _check_left_out(honest: ReportDocument) -> ReportDocument:
    """The one that is not needed to cover a required control."""
    dropped = honest.checks[-1].model_copy(update={"status": Status.NOT_APPLICABLE, "proven": False})
    gates = tuple(
        gate
        if gate.gate is not Gate.COMPLIANCE
        else gate.model_copy(update={"counts": {s: int(s is Status.NOT_APPLICABLE) for s in Status}})
        for gate in honest.gates
    )
    controls = tuple(
        c.model_copy(update={"covered": False, "status": Status.NOT_APPLICABLE}) if c.id == AUDIT else c
        for c in honest.controls
    )
    return honest.model_copy(update={"checks": (*honest.checks[:-1], dropped), "gates": gates, "controls": controls})


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (_floor_lowered, "The floor of the report is not that of the policy p"),
        (_control_not_required, "The controls that the report calls required are not those of the policy p"),
        (_check_left_out, "room/audit_append_only does not apply, and nothing in the policy p says so"),
    ],
)
def test_a_report_follows_from_the_policy_that_it_signs(
    lie: Callable[[ReportDocument], ReportDocument], said: str, tmp_path: Path
) -> None:
    """Or it would be a lie of the signer's; without the policy beside it, it is believed."""
    publish(tmp_path / "gate", "run-1", lie(_judged()))
    with pytest.raises(PublishError, match=said):
        publish(tmp_path / "gate", "run-2", lie(_judged(run_id="run-2")), policy=RULES)


def test_the_policy_beside_a_report_is_the_one_that_it_names(tmp_path: Path) -> None:
    """Another one, though signed with it, would explain another report."""
    with pytest.raises(PublishError, match=r"The signed statement and results\.json disagree"):
        publish(tmp_path / "gate", "run-1", _judged(), policy=RULES.model_copy(update={"system": "another"}))


def test_a_drill_is_verified_by_the_policy_that_was_given(tmp_path: Path) -> None:
    """A drill looks at less than a gate, by the same policy."""
    rules = tmp_path / "rules/backup"
    rules.mkdir(parents=True)
    (rules / "pager.py").write_text(OWN_LAB)
    target = tmp_path / "target.toml"
    target.write_text('name = "mine"\n')
    gated("-m", "drill", "-k", "pager", f"--checks={rules.parent}", f"--target={target}", f"--report-dir={tmp_path}")
    folder, key = tmp_path / "drill/latest", tmp_path / "keys/gate.pub"
    asked = ("--kind", "drill", "--subject", "mine", "--policy")
    assert _verify(folder, key, *asked, REPOSITORY / "checks/policies/default.toml").exit_code == 0
    refused = _verify(folder, key, *asked, "therapy-analyzer")
    assert (refused.exit_code, "name is" in refused.output) == (1, True)
