"""One run of the gate: its deployment, what was found and proven, and the signed report at the end."""

from __future__ import annotations

import importlib.metadata
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from checks.catalogue import catalogue, controls
from checks.evaluate import evaluate
from checks.model import Check, Result, Status, plain
from fixtures import REPOSITORY
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.site import LoadOrder
from fixtures.deployment.target_file import TargetFile, read_target
from fixtures.hosts import Driver, HostError
from fixtures.hosts.process import MissingProgramError
from fixtures.progress import ServiceProgress
from fixtures.stack import runs
from fixtures.stack.description import describe
from fixtures.stack.rising import StackError
from fixtures.stack.topology import Stack
from loadtests.progress import Lines
from reports.decide import Criteria, RunPeriod, decide
from reports.document import ReportDocument, compose, policy_digest, target_digest
from reports.effective_status import violation_name
from reports.figures import DrillRecord, LoadRecord, PrivacyRecord, SentRecord
from reports.records import Identity, SelfProof
from reports.render.allure import attach_result
from reports.render.load.files import evidence as load_files
from reports.writer import Published, publish
from runner.options import RunOptions
from runner.order import DRILLS, room_of
from runner.proving import ProofCase, ProofResult, Prover, exempted


@dataclass
class GateSession:
    """Opens the deployment when the first check needs it, keeps every result, and closes everything.

    ``say`` takes a line that is to be seen while a test runs.
    """

    options: RunOptions
    cases: Sequence[ProofCase]
    say: Callable[[str], None] = print
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    results: list[Result] = field(default_factory=list)
    outcomes: list[ProofResult] = field(default_factory=list)
    _monotonic: int = field(default_factory=time.monotonic_ns)
    _prover: Prover | None = None
    _driver: Driver | None = None
    _deployment: Deployment | None = None
    _evidence: dict[str, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def prove(self, case: ProofCase) -> ProofResult:
        """What came of one proof; the first call starts all of them in the background."""
        if self._prover is None:
            self._prover = Prover(list(self.cases), self.options.policy)
        outcome = self._prover.outcome(case)
        self.outcomes.append(outcome)
        attach_result(outcome.result, proof=f"{case.name}: must say {case.wanted}")
        return outcome

    def judge(self, rule: Check) -> Result:
        """Run a check on the deployment, or say why the policy leaves it out."""
        deployment, policy = self.deployment(), self.options.policy
        began = time.monotonic()
        result = exempted(rule, policy, deployment.name) or evaluate(
            rule, deployment.find, policy, target=deployment.name, absent=deployment.absent()
        )
        result = replace(result, duration_s=time.monotonic() - began)
        self.results.append(result)
        attach_result(result)
        return result

    def deployment(self) -> Deployment:
        """The deployment that is gated; the lab is closed first, so that it does not disturb what is measured."""
        self._close_lab()
        with self._lock:
            if self._deployment is None:
                self._deployment = self._open()
        return self._deployment

    def _open(self) -> Deployment:
        if self.options.target is not None:
            runs.sweep()
            return self._described(read_target(self.options.target))
        _, self._driver = runs.begin(driver=self.options.driver)
        stack = Stack(self._driver, model=self.options.model)
        try:
            with ServiceProgress() as progress:
                stack.start(progress)
        except (StackError, HostError, MissingProgramError) as problem:
            pytest.exit(f"clinical-gate: {plain(str(problem))}", returncode=2)
        return self._described(describe(stack), stack)

    def _described(self, target: TargetFile, stack: Stack | None = None) -> Deployment:
        objectives = self.options.policy.performance.objectives()
        return Deployment(target, LoadOrder(self.options.profile, objectives, Lines(self.say)), stack)

    def report(self) -> tuple[ReportDocument, Published]:
        """Decide, write, sign and verify.

        Raises:
            reports.writer.PublishError: it could not be written.
        """
        options, deployment = self.options, self._deployment
        ended = datetime.now(UTC)
        skew_ms = ((ended - self.started).total_seconds() - (time.monotonic_ns() - self._monotonic) / 1e9) * 1e3
        policy = options.policy
        rules = catalogue()
        if options.kind == "drill":
            rules = tuple(r for r in rules if room_of(r) in DRILLS)
            policy = policy.model_copy(update={"required_controls": (), "gates": tuple({r.gate: 0 for r in rules})})
        proofs = self._proofs()
        decision = decide(
            self.results,
            Criteria(policy, rules, controls()),
            proofs=proofs,
            period=RunPeriod(self.started, ended.date(), skew_ms),
            waivers=options.waivers,
        )
        name = deployment.name if deployment else "nothing was reached"
        identity = Identity(
            name=name,
            digest=target_digest(name, deployment.facts() if deployment else {}),
            run_id=options.run_id,
            harness_version=importlib.metadata.version("clinical-gate"),
            git_commit=_commit(),
            policy=policy.name,
            policy_digest=policy_digest(policy),
            started=self.started,
            ended=ended,
            clock_skew_ms=skew_ms,
        )
        loads = deployment.loads() if deployment else ()
        document = compose(
            identity,
            decision,
            proofs=proofs,
            drills=[DrillRecord.of(d) for d in (deployment.drills() if deployment else ())],
            load=[LoadRecord.of(x, 1 - policy.performance.availability) for x in loads],
            privacy=[PrivacyRecord.of(*c) for c in (deployment.privacy() if deployment else ())],
            sent=[SentRecord.of(s) for s in (deployment.sent() if deployment else ())],
        )
        return document, publish(
            options.report_root,
            options.run_id,
            document,
            options.signing_key,
            evidence=self._evidence | load_files(loads),
        )

    def _proofs(self) -> list[SelfProof]:
        clean = {o.case.rule.id: o.result for o in self.outcomes if o.case.violation is None}
        found = []
        for outcome in self.outcomes:
            rule, violation = outcome.case.rule, outcome.case.violation
            if violation is None or rule.id not in clean or outcome.result.status is Status.NOT_APPLICABLE:
                continue
            result, twin = outcome.result, clean[rule.id]
            reason = result.explanation or "; ".join(f.message for f in result.broken[:2])
            found.append(
                SelfProof(
                    check=rule.id,
                    violation=violation_name(violation),
                    status=result.status,
                    reason=reason,
                    at=outcome.at,
                    on=result.broken[0].subject if result.broken else result.target,
                    clean_status=twin.status,
                    clean_reason=twin.explanation,
                )
            )
        return found

    def _close_lab(self) -> None:
        prover, self._prover = self._prover, None
        if prover is not None:
            prover.close()

    def close(self) -> None:
        """Stop and remove everything that the run started."""
        try:
            self._close_lab()
            if self._deployment is not None:
                self._evidence = self._deployment.evidence()
                self._deployment.close()
        finally:
            if self._driver is not None:
                self._driver.close()


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("rev-parse", "HEAD")
    return f"{commit}+dirty" if commit and git("status", "--porcelain") else commit
