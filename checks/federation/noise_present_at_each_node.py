"""What each hospital node answers carries noise of at least its own claim before it leaves the node (NIST SP 800-226
section 4; GDPR article 25; 45 CFR 164.514(b)).

Each node is asked by itself: in the sum over the hospitals, the others' noise hides a node that adds none. Counts, sums
and means are judged apart from histograms, as they may be released by other code. The tests of ``checks/noise.py``
share ``policy.privacy.alpha`` over all nodes and kinds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from checks import noise as judge
from checks.lab import Lab, MechanismFlaws
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.policy import Policy
from checks.targets import Mechanism, NodeNoise

_SAMPLES = 128
_SEED = 20261121
_OFF = {"privacy.noise_multiplier": 0.001, "privacy.epsilon": 1e6}  # a claim that such noise keeps: the node starts


def _noise_off_at_every_node(lab: Lab) -> Mechanism:
    return lab.build(MechanismFlaws(served=_OFF))


def _noise_off_at_one_node(lab: Lab) -> Mechanism:
    return lab.build(MechanismFlaws(served=_OFF, served_by=1))


@check(
    gate=Gate.FEDERATION,
    severity=Severity.CRITICAL,
    controls=("nist-800-226:4", "gdpr:25", "hipaa:164.514(b)"),
    violations=(_noise_off_at_every_node, _noise_off_at_one_node),
)
def noise_present_at_each_node(mechanism: Mechanism, policy: Policy) -> Iterator[Finding]:
    """One finding per node and group of query kinds, against the claim of the settings that bear the node's name."""
    claims = mechanism.claims()
    law, most = judge.law_of(claims), max(claim.noise_multiplier for claim in claims)
    own: dict[str, float] = {}
    for claim in claims:  # of several settings that bear one name, what they promise most
        own[claim.source] = max(claim.noise_multiplier, own.get(claim.source, 0.0))
    seen = mechanism.sample_each(_SAMPLES, _SEED)
    for answers in seen:
        if len(answers.values) < _SAMPLES:
            msg = f"{answers.node} gave {len(answers.values)} of {_SAMPLES} values"
            raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
        alpha = policy.privacy.alpha / (judge.TESTS * len(seen))
        yield _node(answers, own.get(answers.name, most), alpha, law)


def _node(answers: NodeNoise, claimed: float, alpha: float, law: str) -> Finding:
    noise = np.asarray(answers.values, dtype=np.float64)
    tested = judge.noise_tests(noise, claimed, alpha, law)
    refuted = [test for test in tested if not test.ok]
    verdict = f"refuted: {_cause(noise, answers, claimed)}" if refuted else "not refuted"
    seen = (refuted or tested)[0].seen
    return Finding(
        subject=f"{answers.name} at {answers.node}, {answers.kinds}",
        ok=not refuted,
        message=f"{verdict} at alpha {alpha:.2g} with {noise.size} values (seed {_SEED}): {seen}",
        remedy=(
            f"start {answers.name} with a noise multiplier of at least {claimed:g}, and keep it out of the federation"
            " until then: what it released meanwhile was not protected"
        ),
        evidence="\n".join(f"{test.name}: {test.seen}" for test in tested),
    )


def _cause(noise: judge.Samples, answers: NodeNoise, claimed: float) -> str:
    exact = int(np.count_nonzero(noise == 0))
    if exact == noise.size:
        cause = f"its noise is off, {exact} of {noise.size} values are the exact ones"
    elif exact > judge.most_repeated(noise.size, claimed, 1e-9):
        cause = f"its noise is missing from some answers, {exact} of {noise.size} values are the exact ones"
    else:
        cause = "its noise is weaker than claimed"
    stated = f"; its answers say that they carry {answers.stated:g}" if answers.stated < claimed else ""
    return f"{cause}{stated}; its settings claim {claimed:g},"
