"""One run of the gate: its deployment, what was found and proven, and the signed report at the end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from checks.evaluate import evaluate
from checks.model import Check, Result, Status, plain
from checks.targets import ObservedFact
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.opening import Opening
from fixtures.plugin import begun, opened
from fixtures.stack.runs import register_directory
from reports.decide import Criteria, RunPeriod, decide
from reports.document import ReportDocument, compose, policy_digest, target_digest
from reports.drill_figures import DrillRecord
from reports.effective_status import violation_name
from reports.figures import LoadRecord, PrivacyRecord, SentRecord
from reports.harness import HarnessRecord, JudgedBy
from reports.records import Identity, ObservedRecord, OwnFile, RunKind, SelfProof
from reports.render.allure import attach_result
from reports.render.load.files import evidence as load_files
from reports.run_log import PlannedRun
from reports.writer import Published, begin, publish
from runner.options import RunOptions
from runner.order import of_drills
from runner.proving import ProofCase, ProofResult, Prover, exempted


@dataclass
class GateSession:
    """Proves and judges, keeps every result, and makes the report. What opens the deployment closes it.

    ``judging`` says whether the deployment is judged at all, or checks are only proven.
    """

    options: RunOptions
    cases: Sequence[ProofCase]
    opening: Opening
    judging: bool = True
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    results: list[Result] = field(default_factory=list)
    outcomes: list[ProofResult] = field(default_factory=list)
    _mark: TextIO | None = None
    _monotonic: int = field(default_factory=time.monotonic_ns)
    _prover: Prover | None = None
    _evidence: dict[str, bytes] = field(default_factory=dict)
    _observed: Sequence[ObservedFact] = ()

    def begin(self) -> None:
        """Enter the run in the history, before anything is proven or judged.

        Raises:
            reports.writer.PublishError: its report could not be published.
        """
        options = self.options
        run = PlannedRun(options.run_id, self._kind, plain(self.opening.name), policy_digest(options.policy))
        self._mark = begin(options.report_root, run, options.signing_key, registers=register_directory())

    @property
    def _kind(self) -> RunKind:
        return "drill" if self.options.kind == "drill" else "gate"

    def prove(self, case: ProofCase) -> ProofResult:
        """What came of one proof; the first call starts all of them in the background."""
        if self._prover is None:
            if self.judging:
                begun(self.opening)  # it comes up while the proofs are made
            self._prover = Prover(list(self.cases), self.options.policy, self.opening.driver)
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
        return opened(self.opening)

    def report(self, harness: HarnessRecord) -> tuple[ReportDocument, Published]:
        """Decide, write, sign and verify.

        Args:
            harness: what judged.

        Raises:
            reports.writer.PublishError: it could not be written.
        """
        options, deployment = self.options, self.opening.found()
        ended = datetime.now(UTC)
        skew_ms = ((ended - self.started).total_seconds() - (time.monotonic_ns() - self._monotonic) / 1e9) * 1e3
        policy = options.policy
        rules = tuple(r for r in options.rulebook.rules if not r.drills_only)
        if options.kind == "drill":
            rules = tuple(r for r in options.rulebook.rules if of_drills(r))
            policy = policy.model_copy(update={"required_controls": (), "gates": tuple({r.gate: 0 for r in rules})})
        proofs = self._proofs()
        decision = decide(
            self.results,
            Criteria(policy, rules, options.rulebook.controls),
            proofs=proofs,
            period=RunPeriod(self.started, ended.date(), skew_ms, harness.objections),
            waivers=options.waivers,
        )
        name = deployment.name if deployment else "nothing was reached"
        identity = Identity(
            kind=self._kind,
            name=name,
            system_id=deployment.target.system_id if deployment else "",
            digest=target_digest(name, deployment.facts() if deployment else {}),
            run_id=options.run_id,
            harness_version=harness.version,
            git_commit=f"{harness.commit}+dirty" if harness.commit and harness.remarks else harness.commit,
            policy=policy.name,
            policy_digest=policy_digest(options.policy),
            started=self.started,
            ended=ended,
            clock_skew_ms=skew_ms,
            observed=tuple(map(ObservedRecord.of, self._observed)),
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
            judged_by=JudgedBy(harness, tuple(self._own_files())),
        )
        return document, publish(
            options.report_root,
            options.run_id,
            document,
            options.signing_key,
            policy=options.policy,
            evidence=self._evidence | load_files(loads),
            registers=register_directory(),
        )

    @property
    def own_code(self) -> list[Path]:
        """Every file of the user's own checks and adapter: those whose digests the report has, and no neighbour."""
        deployment = self.opening.found()
        adapter = deployment.adapter if deployment else None
        folder = self.options.checks
        checks = [folder / path for path in self.options.rulebook.files] if folder else []
        return checks + ([adapter.file.path.parent / path for path in adapter.file.digests] if adapter else [])

    def _own_files(self) -> list[OwnFile]:
        deployment = self.opening.found()
        adapter = deployment.adapter if deployment else None
        own = [OwnFile(part="checks", path=path, digest=sha) for path, sha in self.options.rulebook.files.items()]
        if adapter is not None:
            own += [OwnFile(part="adapter", path=path, digest=sha) for path, sha in adapter.file.digests.items()]
        return own

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
        """Remove the lab, and keep what the deployment is and what it leaves as evidence, before it is closed."""
        self._close_lab()
        if (deployment := self.opening.found()) is not None:
            self._evidence, self._observed = deployment.evidence(), deployment.observed()
