"""What pytest is told about the suites: their options, fixtures and hooks. What they do stands in `runner`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from checks.model import Check, Status, plain
from reports.document import ReportDocument
from reports.notify import no_report_message, report_message
from reports.records import Verdict
from reports.render.allure import write_environment
from reports.render.allure_decision import write_decision
from reports.render.terminal import print_summary
from reports.writer import Published, PublishError
from runner.harness import harness_record, sources
from runner.options import OPTION_ERRORS, OPTIONS, add_options, read_options
from runner.proving import ProofCase, ProofResult, Prover, Proving
from runner.terminal import uncaptured

if TYPE_CHECKING:
    from fixtures.deployment.opening import Opening
    from fixtures.deployment.site import LoadOrder
    from fixtures.drills.order import DrillOrder
    from runner.session import GateSession

T = TypeVar("T")
pytest_plugins = ["fixtures.plugin"]
_SUITES = Path(__file__).parent / "suites"
_OWN = ("unit", "privacy", "examples", "browser", "swarm")
_SESSION = pytest.StashKey["GateSession"]()
_REPORT = pytest.StashKey[tuple[ReportDocument, Published] | str]()  # a string says why there is none
_NOTIFIED = pytest.StashKey[str]()  # whether a webhook was told
_UNKNOWN = 3
_BEGAN_WITH = pytest.StashKey[Mapping[str, str]]()  # the harness's own files when the run began
_RUNS = frozenset({"gate", "drill", "selfproof"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """See `runner.options`."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot work before anything is started, and say where Allure's results go."""
    try:
        options = read_options(config)
    except OPTION_ERRORS as problem:
        pytest.exit(f"clinical-gate: {plain(str(problem))}", returncode=2)
    config.stash[OPTIONS] = options
    if options.kind and not config.getoption("allure_report_dir"):
        config.option.allure_report_dir = str(options.report_root / options.run_id / "allure-results")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The project's own tests are no part of a run, and reading them would take ten seconds of each."""
    own = collection_path.parent == _SUITES and collection_path.name in _OWN
    return True if own and config.option.markexpr in _RUNS else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test under suites/unit is a unit test, one under suites/privacy is of privacy, one under suites/browser needs a
    browser; self-proofs come before the deployment.
    """
    for item in items:
        for folder in (pytest.mark.unit, pytest.mark.privacy, pytest.mark.browser):
            if item.path.is_relative_to(_SUITES / folder.name):
                item.add_marker(folder)
    items.sort(key=lambda item: 0 if item.get_closest_marker("selfproof") else 1)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to judge a deployment where no report would say what came of it."""
    config = session.config
    if _judging(session) and not config.stash[OPTIONS].kind and not config.option.collectonly:
        pytest.exit(
            "clinical-gate: this selects checks of the deployment, and makes no report of what they say: run pytest -m"
            " gate or -m drill, with -k for some of their checks, or leave them out with -m 'not gate'",
            returncode=2,
        )


def _judging(session: pytest.Session) -> bool:
    return any(item.path.is_relative_to(_SUITES / "gate") for item in session.items)


@pytest.fixture(scope="session")
def load_order(pytestconfig: pytest.Config) -> LoadOrder:
    """A load as the options of the run say, told about while it is sent."""
    from fixtures.deployment.site import LoadOrder  # noqa: PLC0415  likewise
    from loadtests.progress import Lines  # noqa: PLC0415  likewise

    options = pytestconfig.stash[OPTIONS]
    promised = options.policy.performance
    return LoadOrder(options.profile, promised.objectives(), Lines(uncaptured(pytestconfig)), promised.users)


@pytest.fixture(scope="session")
def drill_order(pytestconfig: pytest.Config, drill_order: DrillOrder) -> DrillOrder:
    """The drills of this run: of a drill all that there are; those that are left out by ``--scenario`` are UNKNOWN."""
    kind = pytestconfig.stash[OPTIONS].kind
    return replace(drill_order, every=kind == "drill", judged=bool(kind), say=uncaptured(pytestconfig))


@pytest.fixture(scope="session")
def unfit(request: pytest.FixtureRequest, opening: Opening) -> Mapping[str, str]:
    """The checks to be proven that do not apply to the deployment of ``--target``, by its descriptions, and why."""
    from checks.catalogue import catalogue  # noqa: PLC0415  likewise
    from fixtures.dry_run.outlook import inapplicable  # noqa: PLC0415  likewise
    from fixtures.plugin import opened  # noqa: PLC0415  imported earlier, it would be no plugin

    if not request.config.getoption("target"):
        return {}
    deployment = opened(opening)  # what its adapter lacks is said before anything is proven
    proven = {case.rule.id for case in _selected(request.session, ProofCase)}
    rules = [rule for rule in catalogue() if rule.id in proven]
    return inapplicable(rules, deployment, request.config.stash[OPTIONS].policy)


@pytest.fixture(scope="session")
def gate_session(request: pytest.FixtureRequest, opening: Opening, unfit: Mapping[str, str]) -> Iterator[GateSession]:
    """The run; its report is made when the session ends."""
    from runner.session import GateSession  # noqa: PLC0415  the unit tests need none of this

    config = request.config
    cases = [case for case in _selected(request.session, ProofCase) if case.rule.id not in unfit]
    session = GateSession(config.stash[OPTIONS], cases, opening)
    session.judging = bool(_selected(request.session, Check))
    if session.options.kind:
        config.stash[_BEGAN_WITH] = sources()
        try:
            session.begin()
        except PublishError as problem:
            pytest.exit(f"clinical-gate: {plain(str(problem))}", returncode=2)
    config.stash[_SESSION] = session
    try:
        yield session
    finally:
        session.close()


def _selected(session: pytest.Session, kind: type[T]) -> list[T]:
    """What the tests that were selected are given of a kind: proofs to make, or checks of the deployment."""
    return [
        value
        for item in session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        for value in item.callspec.params.values()
        if isinstance(value, kind)
    ]


@pytest.fixture(scope="session")
def proving(request: pytest.FixtureRequest) -> Iterator[Proving]:
    """Makes the proofs: for the report of a gate or a drill, or for their own sake."""
    options = request.config.stash[OPTIONS]
    if options.kind:
        unfit, session = request.getfixturevalue("unfit"), request.getfixturevalue("gate_session")
        yield lambda case: _left_out(case, unfit) or session.prove(case)
        return
    driver = request.config.getoption("driver")
    prover = Prover(_selected(request.session, ProofCase), options.policy, driver)
    try:
        yield prover.outcome
    finally:
        prover.close()


def _left_out(case: ProofCase, unfit: Mapping[str, str]) -> ProofResult | None:
    """What comes of a proof that a check of this deployment does not need; None where it needs one."""
    reason = unfit.get(case.rule.id)
    if reason is None:
        return None
    return ProofResult(case, case.rule.result(Status.NOT_APPLICABLE, explanation=reason), datetime.now(UTC))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Decide and sign. Green tests are not enough for exit code 0: the decision must be APPROVED."""
    config = session.config
    run = config.stash.get(_SESSION, None)
    if run is None and _judging(session) and exitstatus == pytest.ExitCode.OK and not config.option.collectonly:
        config.stash[_REPORT] = "no check was run, so there is no report"
        session.exitstatus = _UNKNOWN
    if (
        run is None
        or not run.options.kind
        or exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
    ):
        return
    try:
        harness = harness_record(config, run.options, began_with=config.stash[_BEGAN_WITH], own=run.own_code)
        document, published = run.report(harness)
    except PublishError as problem:
        config.stash[_REPORT] = str(problem)
        session.exitstatus = _UNKNOWN
        _tell(config, no_report_message(run.options.kind, run.opening.name, run.options.run_id, str(problem)))
        return
    results = published.folder / "allure-results"
    write_environment(results, document)
    write_decision(results, document, verify_command=published.verify_command, trust=published.trust)
    config.stash[_REPORT] = document, published
    if document.decision is not Verdict.APPROVED:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    _tell(config, report_message(document, published.verified.digest))


def _tell(config: pytest.Config, message: Mapping[str, object]) -> None:
    """Whether it is heard changes nothing of the verdict."""
    webhook = config.stash[OPTIONS].webhook
    if webhook is not None:
        config.stash[_NOTIFIED] = webhook.tell(message) or f"the webhook at {webhook.host} was told"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The last thing that a run of the gate says."""
    report = config.stash.get(_REPORT, None)
    if report is None:
        if config.stash.get(_SESSION, None) and config.stash[OPTIONS].kind:
            terminalreporter.write_line(
                "clinical-gate: the run did not get to its end, so there is no report", red=True
            )
    elif isinstance(report, str):
        terminalreporter.write_line(f"clinical-gate: {report}", red=True)
    else:
        document, published = report
        terminalreporter.ensure_newline()
        print_summary(document, folder=published.folder, verify_command=published.verify_command, trust=published.trust)
    if notified := config.stash.get(_NOTIFIED, ""):
        terminalreporter.write_line(f"clinical-gate: {notified}")
