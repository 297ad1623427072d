"""Options, sessions and hooks of the suites."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checks.catalogue import CatalogueError
from checks.policy import PolicyError, load_policy, policy_names
from fixtures.deployment.target_file import TargetError, read_target
from fixtures.hosts import HostError
from fixtures.hosts.loopback import may_use_namespaces
from fixtures.stack import runs
from loadtests.schedules.profiles import ProfileError, load_profile
from reports.document import ReportDocument
from reports.keys import SigningKeyError, load_signer
from reports.records import Verdict
from reports.render.allure import write_environment
from reports.render.allure_decision import write_decision
from reports.render.terminal import print_summary
from reports.waivers import WaiverError, load_waivers
from reports.writer import Published, PublishError
from runner.proving import ProofCase, Prover, Proving

if TYPE_CHECKING:
    from runner.session import GateSession

_SUITES = Path(__file__).parent / "suites"
_KINDS = ("gate", "drill")
_SESSION = pytest.StashKey["GateSession"]()
_RUN_ID = pytest.StashKey[str]()
_REPORT = pytest.StashKey[tuple[ReportDocument, Published] | str]()  # a string says why there is none
_UNKNOWN = 3


def pytest_addoption(parser: pytest.Parser) -> None:
    """What the gate can be told."""
    group = parser.getgroup(
        "clinical-gate", "clinical-gate (write --option=FILE when FILE lies outside this directory)"
    )
    group.addoption(
        "--target", type=Path, metavar="FILE", help="gate this deployment; default: stand up the reference stack"
    )
    group.addoption(
        "--policy", default="default", metavar="NAME", help=f"one of {', '.join(policy_names())}, or a .toml file"
    )
    group.addoption("--driver", default="", choices=["", *runs.DRIVERS], help="hosts of the reference stack")
    group.addoption("--model", type=Path, metavar="GGUF", help="serve this model instead of random weights")
    group.addoption("--load-profile", default="gate", metavar="NAME", help="load profile: gate or smoke")
    group.addoption("--load-seconds", type=float, default=None, metavar="S", help="length of the measured load")
    group.addoption(
        "--report-dir", type=Path, default=Path("build"), metavar="DIR", help="where reports go (default: build)"
    )
    group.addoption(
        "--signing-key", type=Path, metavar="PEM", help="Ed25519 private key; default: DIR/keys/gate.ed25519"
    )
    group.addoption("--waivers", type=Path, metavar="FILE", help="waivers in force")


def _kind(config: pytest.Config) -> str:
    expression = str(config.getoption("markexpr") or "")
    return expression if expression in _KINDS else ""


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot work before anything is started, and say where Allure's results go."""
    try:
        load_policy(str(config.getoption("policy")))
        _profile(config)
        if target := config.getoption("target"):
            read_target(target)
        if waivers := config.getoption("waivers"):
            load_waivers(waivers)
        if key := config.getoption("signing_key"):
            load_signer(key)
        if config.getoption("driver") == "namespace" and not may_use_namespaces():
            message = "network namespaces need root: run with sudo, or use --driver loopback"
            raise HostError(message)
        if (model := config.getoption("model")) and not model.is_file():
            message = f"no model file at {model}"
            raise TargetError(message)
    except (PolicyError, ProfileError, TargetError, WaiverError, SigningKeyError, HostError) as problem:
        pytest.exit(f"clinical-gate: {problem}", returncode=2)
    if kind := _kind(config):
        config.stash[_RUN_ID] = runs.new_run_id()
        folder = Path(config.getoption("report_dir")) / kind / config.stash[_RUN_ID]
        if not config.getoption("allure_report_dir"):
            config.option.allure_report_dir = str(folder / "allure-results")


def _profile(config: pytest.Config) -> object:
    profile = load_profile(config.getoption("load_profile"))
    seconds = config.getoption("load_seconds")
    return profile.changed(seconds=seconds) if seconds else profile


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test under suites/unit is a unit test, one under suites/privacy is of privacy; self-proofs come before the
    deployment.
    """
    for item in items:
        for folder in (pytest.mark.unit, pytest.mark.privacy):
            if item.path.is_relative_to(_SUITES / folder.name):
                item.add_marker(folder)
    items.sort(key=lambda item: 0 if item.get_closest_marker("selfproof") else 1)


@pytest.fixture(scope="session")
def gate_session(request: pytest.FixtureRequest) -> Iterator[GateSession]:
    """The run; its report is made when the session ends."""
    from runner.session import GateSession, RunOptions  # noqa: PLC0415  the unit tests need none of this

    config = request.config
    kind = _kind(config)
    waivers = config.getoption("waivers")
    wishes = RunOptions(
        kind=kind,
        policy=load_policy(str(config.getoption("policy"))),
        profile=_profile(config),  # type: ignore[arg-type]
        target=config.getoption("target"),
        driver=config.getoption("driver"),
        model=config.getoption("model"),
        report_root=Path(config.getoption("report_dir")) / (kind or "gate"),
        run_id=config.stash.get(_RUN_ID, "") or runs.new_run_id(),
        signing_key=config.getoption("signing_key"),
        waivers=load_waivers(waivers) if waivers else (),
    )
    session = GateSession(wishes, _attempts(request.session), _aloud(config))
    config.stash[_SESSION] = session
    try:
        yield session
    finally:
        session.close()


def _aloud(config: pytest.Config) -> Callable[[str], None]:
    """Lines that are seen at once, though the output of the running test is captured."""
    reporter, capture = (config.pluginmanager.get_plugin(name) for name in ("terminalreporter", "capturemanager"))

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            if reporter:
                reporter.ensure_newline()
                reporter.write_line(line)

    return say


def _attempts(session: pytest.Session) -> list[ProofCase]:
    """The self-proofs among the tests that were selected."""
    return [
        value
        for item in session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        for value in item.callspec.params.values()
        if isinstance(value, ProofCase)
    ]


@pytest.fixture(scope="session")
def proving(request: pytest.FixtureRequest) -> Iterator[Proving]:
    """Makes the proofs: for the report of a gate or a drill, or for their own sake."""
    if _kind(request.config):
        yield request.getfixturevalue("gate_session").prove
        return
    prover = Prover(_attempts(request.session), load_policy(str(request.config.getoption("policy"))))
    try:
        yield prover.outcome
    finally:
        prover.close()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Decide and sign. Green tests are not enough for exit code 0: the decision must be APPROVED."""
    config = session.config
    run = config.stash.get(_SESSION, None)
    if (
        run is None
        or not run.wishes.kind
        or exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
    ):
        return
    try:
        document, published = run.report()
    except PublishError as problem:
        config.stash[_REPORT] = str(problem)
        session.exitstatus = _UNKNOWN
        return
    results = published.folder / "allure-results"
    write_environment(results, document)
    write_decision(results, document, verify_command=published.verify_command, trust=published.trust)
    config.stash[_REPORT] = document, published
    if document.decision is not Verdict.APPROVED:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The last thing that a run of the gate says."""
    report = config.stash.get(_REPORT, None)
    if report is None:
        if config.stash.get(_SESSION, None) and _kind(config):
            terminalreporter.write_line(
                "clinical-gate: the run did not get to its end, so there is no report", red=True
            )
    elif isinstance(report, str):
        terminalreporter.write_line(f"clinical-gate: {report}", red=True)
    else:
        document, published = report
        terminalreporter.ensure_newline()
        print_summary(document, folder=published.folder, verify_command=published.verify_command, trust=published.trust)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> None:
    """Turn a malformed catalogue into one sentence instead of a traceback."""
    del parent
    if file_path.name not in ("test_gate.py", "test_selfproof.py"):
        return
    from checks.catalogue import catalogue  # noqa: PLC0415

    try:
        catalogue()
    except CatalogueError as problem:
        pytest.exit(f"clinical-gate: {problem}", returncode=2)
