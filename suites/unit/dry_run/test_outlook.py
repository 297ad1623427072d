"""Which checks could answer is found without looking, and is what comes of looking."""

from __future__ import annotations

import ast
import typing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import checks.targets
from checks.application import Application
from checks.catalogue import catalogue
from checks.evaluate import evaluate, findings
from checks.model import Check, Reason
from checks.policy import load_policy
from checks.targets import Api, Database
from fixtures import REPOSITORY
from fixtures.dry_run.described_api import DescribedApi
from fixtures.dry_run.outlook import Outlook, Prospect, inapplicable, outlooks
from fixtures.lab.builders import clean_twin
from fixtures.lab.laboratory import Laboratory
from suites.unit.dry_run.described import deployment, described

POLICY = load_policy("default").model_copy(update={"not_applicable": ()})
RULES = catalogue()


def _seen(directory: Path, application: dict[str, typing.Any], **sections: object) -> dict[str, Outlook]:
    with deployment(directory, application, **sections) as opened:
        return {each.rule.id: each for each in outlooks(RULES, opened, POLICY)}


def _through(kind: type) -> list[Check]:
    return [rule for rule in RULES if kind in [needed for _, needed in rule.needs]]


@pytest.mark.parametrize("rule", _through(Api), ids=repr)
def test_a_rule_asks_a_described_application_everything(rule: Check, tmp_path: Path) -> None:
    """It comes to its end, so that nothing is left that it might have asked of the description."""
    with deployment(tmp_path, described()) as opened:
        clinic = opened.find(Api)
        assert isinstance(clinic, Api)
        assert list(findings(rule, lambda _: DescribedApi(clinic), POLICY))


def test_a_complete_description_lets_every_check_answer_that_needs_no_stack(tmp_path: Path) -> None:
    """The rest names what only a stack of this machine has, who may be taken away, or another tenancy than its own."""
    seen = _seen(tmp_path, described())
    wanting = {each.part for each in seen.values() if each.verdict is Prospect.WANTS}
    assert wanting <= {
        *("stack", "load", "restore", "restore_drills"),
        *("canary", "failover", "alert", "segments", "tenancy"),
    }
    assert {each.reason for each in seen.values() if each.verdict is Prospect.CANNOT} <= {
        "the deployment names no service that may be stopped to provoke an alert",
        "no node of this deployment may be replaced",
        "no node of this deployment may be taken away",
    }
    assert sum(each.verdict is Prospect.ANSWERS for each in seen.values()) >= 40


@pytest.mark.parametrize(
    "section", [*("edge", "database", "cache", "inference", "monitoring", "hosts", "containers", "backups")]
)
def test_a_section_that_is_missing_is_named_by_the_checks_that_look_through_it(section: str, tmp_path: Path) -> None:
    whole, without = _seen(tmp_path, described()), _seen(tmp_path, described(), **{section: None})
    changed = [each for each in without.values() if each.verdict is not whole[each.rule.id].verdict]
    assert changed
    assert {(each.verdict, each.part) for each in changed} == {(Prospect.WANTS, section)}


def test_what_a_deployment_does_not_have_takes_its_word_and_the_policys(tmp_path: Path) -> None:
    """As in a gate: without the policy's, it is refused, and the policy is named."""
    bare = {name: part for name, part in described().items() if name != "administration"}
    bare["none"] = {"administration": "nobody can be added"}
    lenient = POLICY.model_copy(update={"may_lack": ("administration",)})
    lockout = next(rule for rule in RULES if rule.id == "access/lockout_after_failures")
    with deployment(tmp_path, bare) as opened:
        (strict,) = outlooks([lockout], opened, POLICY)
        (allowed,) = outlooks([lockout], opened, lenient)
        unfit = [inapplicable(RULES, opened, policy) for policy in (POLICY, lenient)]
    assert (strict.verdict, strict.part) == (Prospect.WANTS, "administration")
    assert "policy default does not let it lack one" in strict.reason
    assert (allowed.verdict, allowed.reason) == (Prospect.DOES_NOT_APPLY, "no administration: nobody can be added")
    assert lockout.id not in unfit[0]
    assert unfit[1][lockout.id] == allowed.reason


# ------------------------------------------------------------------------------------- dry, and on real services


Removal = Callable[[Application], Application]


def _without_log_in(**parts: None) -> Removal:
    def removed(application: Application) -> Application:
        assert application.log_in is not None
        return replace(application, log_in=replace(application.log_in, **parts))  # type: ignore[arg-type]

    return removed


REMOVALS: dict[str, Removal] = {
    "acts": lambda application: replace(application, acts=()),
    "records": lambda application: replace(application, acts=tuple(replace(a, record="") for a in application.acts)),
    "administration": lambda application: replace(application, administration=None),
    "health": lambda application: replace(application, health=()),
    "log_in": lambda application: replace(application, log_in=None),
    "log_out": _without_log_in(log_out=None),
    "trail": lambda application: replace(application, trail=None),
    "whoami": _without_log_in(whoami=None),
    "protected": lambda application: replace(application, protected=()),
    "tenancy": lambda application: replace(application, tenancy=None),
}


TOLD: Sequence[tuple[type, Sequence[str]]] = (
    (Api, ("acts", "records", "administration", "health", "log_in", "log_out", "trail", "whoami")),
    (Database, ("trail", "protected", "tenancy")),
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Laboratory]:
    laboratory = Laboratory(policy=POLICY)
    yield laboratory
    laboratory.close()


@pytest.mark.parametrize(("kind", "removed"), [(kind, name) for kind, names in TOLD for name in names])
def test_what_would_want_lines_is_what_wants_them_on_real_services(kind: type, removed: str, lab: Laboratory) -> None:
    """For each rule over the application and the database, with one part of the description taken away."""
    real = clean_twin(lab, kind)
    whole: Application = real.application  # type: ignore[attr-defined]
    real.application = REMOVALS[removed](whole)  # type: ignore[attr-defined]
    try:
        dry = {rule.id: _dry(rule, real) for rule in _through(kind)}
        with ThreadPoolExecutor(4) as pool:  # most of it is waiting
            looked = dict(pool.map(partial(_looked, real), _through(kind)))
    finally:
        real.application = whole  # type: ignore[attr-defined]
    assert dry == looked
    assert any(looked.values())


def _dry(rule: Check, real: object) -> str:
    (seen,) = outlooks([rule], _Opened(real), POLICY)  # type: ignore[arg-type]
    return seen.reason if seen.verdict is Prospect.WANTS else ""


class _Opened:
    """A deployment of one target, as far as `outlooks` uses one."""

    def __init__(self, target: object) -> None:
        self.find = lambda _: target
        self.absent = dict[str, str]


def _looked(real: object, rule: Check) -> tuple[str, str]:
    result = evaluate(rule, lambda _: real, POLICY, target="lab")
    return rule.id, result.explanation if result.reason is Reason.NOT_DECLARED else ""


# ------------------------------------------------------------------------------------------------------ adapters


def test_what_an_adapter_asks_of_the_description_is_said_beside_its_method() -> None:
    """In @asks: a method that asks in its middle has sent something by then, and a dry run does not see it."""
    methods = {
        name
        for protocol in map(vars(checks.targets).get, checks.targets.__all__)
        if getattr(protocol, "_is_protocol", False)
        for name in vars(protocol)
        if not name.startswith("_")
    }
    sources = sorted((REPOSITORY / "fixtures/targets").rglob("*.py"))
    assert len(methods) > 20
    assert len(sources) > 20
    wrong = [
        f"{source.relative_to(REPOSITORY)}:{method.lineno} {method.name}"
        for source in sources
        for method in ast.walk(ast.parse(source.read_text()))
        if isinstance(method, ast.FunctionDef) and method.name in methods and _asks_late(method)
    ]
    assert wrong == []


def _asks_late(method: ast.FunctionDef) -> bool:
    names = {node.id for node in ast.walk(method) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(method) if isinstance(node, ast.Attribute)}
    return "asks" not in names and bool({"NotDeclaredError"} & names or {"may_do"} & attributes)
