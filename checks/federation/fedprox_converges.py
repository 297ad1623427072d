"""Federated training by FedProx reaches the optimum of a reference problem within the policy's rounds and distance
(Li et al. 2020, https://arxiv.org/abs/1812.06127; 45 CFR 164.312(c)(1)).

The problem is public: ridge regression whose rows and targets every node publishes, with no patient in it. Its optimum
over all nodes together is computed here in closed form, ``(X'X / n + ridge I)^-1 X'y / n``, so that training that stops
early, hardly moves, or leaves a hospital out ends in the wrong place and is found out, with the hospital's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from checks.lab import FederationFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Federation, ProblemPart

Floats = npt.NDArray[np.float64]


def _proximal_term_far_too_heavy(lab: Lab) -> Federation:
    return lab.build(FederationFlaws(settings={"federation.proximal": 1000.0}))


def _stops_after_two_rounds(lab: Lab) -> Federation:
    return lab.build(FederationFlaws(settings={"federation.rounds": 2}))


def _one_hospital_learns_nothing(lab: Lab) -> Federation:
    return lab.build(FederationFlaws(behaviour="idle"))


@check(
    gate=Gate.FEDERATION,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.312(c)(1)",),
    violations=(_proximal_term_far_too_heavy, _stops_after_two_rounds, _one_hospital_learns_nothing),
)
def fedprox_converges(federation: Federation, policy: Policy) -> Iterator[Finding]:
    """One finding on who took part and how, one on where the training ended."""
    limits, parts = policy.federation, federation.problem()
    best, start = _optimum(parts), np.zeros(len(parts[0].rows[0]))
    if float(np.linalg.norm(best)) == 0:
        msg = "the reference problem's optimum is where training begins, so that it shows nothing"
        raise CannotLookError(msg)
    seen = federation.train(limits.rounds)
    enough = policy.privacy.minimum_participants
    rounds = f"{seen.rounds} of at most {limits.rounds} rounds"
    yield Finding(
        subject="training",
        ok=seen.strategy == limits.strategy and seen.rounds <= limits.rounds and seen.participants >= enough,
        message=f"{seen.strategy}, {rounds}, {seen.participants} hospitals in each",
        remedy=f"train by {limits.strategy} with at least {enough} hospitals in every round",
        evidence=f"{seen}",
    )
    ended = np.asarray(seen.weights)
    if ended.shape != best.shape:
        msg = f"training gave {ended.size} weights for a problem of {best.size}"
        raise CannotLookError(msg)
    away = _distance(ended, best)
    converged = away <= limits.convergence
    cause = "" if converged else f": {_cause(ended, best, start, parts, limits.convergence)}"
    yield Finding(
        subject="where training ended",
        ok=converged,
        message=(
            f"{away:.3g} from the closed-form optimum of {len(parts)} hospitals, relative to its length, after"
            f" {seen.rounds} rounds; the policy wants {limits.convergence:g}{cause}"
        ),
        remedy=(
            "weight each hospital's solution by its samples, let rounds go on until they change nothing any more, and"
            " make the proximal term no heavier than the problem's own curvature"
        ),
        evidence=f"ended at {np.round(ended, 6).tolist()}, optimum {np.round(best, 6).tolist()}",
    )


def _optimum(parts: Sequence[ProblemPart]) -> Floats:
    rows = np.vstack([np.asarray(part.rows) for part in parts])
    targets = np.concatenate([np.asarray(part.targets) for part in parts])
    gram = rows.T @ rows / targets.size + parts[0].ridge * np.eye(rows.shape[1])
    return np.asarray(np.linalg.solve(gram, rows.T @ targets / targets.size), dtype=np.float64)


def _distance(ended: Floats, best: Floats) -> float:
    return float(np.linalg.norm(ended - best) / np.linalg.norm(best))


def _cause(ended: Floats, best: Floats, start: Floats, parts: Sequence[ProblemPart], near: float) -> str:
    for left_out in parts:
        others = [part for part in parts if part is not left_out]
        if others and _distance(ended, _optimum(others)) <= near:
            return f"it is the optimum without {left_out.node}, which has no weight in it"
    left = float(np.linalg.norm(best - ended) / np.linalg.norm(best - start))
    return f"{left:.0%} of the way from where it began is left, so it moved too little or ended too early"
