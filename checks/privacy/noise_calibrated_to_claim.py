"""The configured noise gives the epsilon that is claimed, the components claim the same, and the claim stays within the
policy (NIST SP 800-226 section 4; 45 CFR 164.514(b)).

The judge is exact: the analytic Gaussian mechanism (Balle and Wang 2018, https://arxiv.org/abs/1805.06530), or epsilon
= sensitivity / scale for Laplace (Dwork et al. 2006, https://doi.org/10.1007/11681878_14): who fails it breaks the
promise for certain. What an RDP accountant would book stands beside it. A budget is judged by what such an accountant
lets it pay for: at least one query, and, so that patients' data are not spent on the bookkeeping's slack, releases
whose exact epsilon together is at least the share of the budget that the policy names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checks import dp_cost as cost
from checks.lab import ClaimFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Mechanism, PrivacyClaim


def _published_sigma(lab: Lab) -> Mechanism:
    return lab.build(ClaimFlaws(settings={"privacy.noise_multiplier": 1.5}))


def _claim_beyond_policy(lab: Lab) -> Mechanism:
    return lab.build(ClaimFlaws(settings={"privacy.epsilon": 4.0, "privacy.noise_multiplier": 1.5}))


def _laplace_scale_too_small(lab: Lab) -> Mechanism:
    return lab.build(ClaimFlaws(settings={"privacy.mechanism": "laplace", "privacy.noise_multiplier": 19.0}))


def _substitution_claimed_with_noise_for_removal(lab: Lab) -> Mechanism:
    return lab.build(ClaimFlaws(settings={"privacy.adjacency": "substitute"}))


def _one_node_claims_otherwise(lab: Lab) -> Mechanism:
    return lab.build(ClaimFlaws(at_node={"privacy.epsilon": 0.04, "privacy.noise_multiplier": 100.0}))


def _budget_below_one_query(lab: Lab) -> Mechanism:
    return lab.build(ClaimFlaws(settings={"privacy.budget": 0.04}))


def _budget_mostly_slack(lab: Lab) -> Mechanism:
    return lab.build(ClaimFlaws(settings={"privacy.budget": 0.06}))


@check(
    gate=Gate.PRIVACY,
    severity=Severity.CRITICAL,
    controls=("nist-800-226:4", "hipaa:164.514(b)", "gdpr:25"),
    violations=(
        _published_sigma,
        _claim_beyond_policy,
        _laplace_scale_too_small,
        _substitution_claimed_with_noise_for_removal,
        _one_node_claims_otherwise,
        _budget_below_one_query,
        _budget_mostly_slack,
    ),
)
def noise_calibrated_to_claim(mechanism: Mechanism, policy: Policy) -> Iterator[Finding]:
    """Per component one finding on its noise, one on its claim, one on its budget if it has one; one on all
    together.
    """
    claims = mechanism.claims()
    for claim in claims:
        cost.refuse_unknown(claim)
        yield _noise(claim)
        yield _bounds(claim, policy)
        if claim.budget is not None:
            yield _budget(claim, claim.budget, policy)
    yield _agreement(claims)


def _noise(claim: PrivacyClaim) -> Finding:
    real, needed = cost.exact_epsilon(claim), cost.needed_multiplier(claim)
    return Finding(
        subject=f"{claim.source} noise",
        ok=real <= claim.epsilon,
        message=(
            f"claims epsilon {claim.epsilon:g} at delta {claim.delta:g} ({claim.mechanism}, {claim.adjacency} one"
            f" patient); noise multiplier {claim.noise_multiplier:g} gives epsilon {real:.4f} (an RDP accountant books"
            f" {cost.booked_epsilon(claim):.4f})"
        ),
        remedy=f"set the noise multiplier to at least {needed:.2f} (about 11 % more when an RDP accountant must agree),"
        f" or claim epsilon {real:.4f}",
        evidence=f"{claim}",
    )


def _bounds(claim: PrivacyClaim, policy: Policy) -> Finding:
    limits = policy.privacy
    beyond: list[str] = []
    for name in ("epsilon", "delta", "budget"):
        value, limit = getattr(claim, name), getattr(limits, name)
        if value is not None and value > limit:
            beyond.append(f"{name} {value:g} instead of at most {limit:g}")
    if claim.minimum_participants is not None and claim.minimum_participants < limits.minimum_participants:
        beyond.append(f"{claim.minimum_participants} participants instead of at least {limits.minimum_participants}")
    if claim.mechanism not in limits.mechanisms:
        beyond.append(f"mechanism {claim.mechanism} instead of {' or '.join(limits.mechanisms)}")
    if claim.adjacency != limits.adjacency:
        beyond.append(f"adjacency {claim.adjacency} instead of {limits.adjacency}")
    if claim.mechanism == "gaussian" and claim.noise_multiplier < limits.noise_multiplier:
        beyond.append(f"noise multiplier {claim.noise_multiplier:g} instead of at least {limits.noise_multiplier:g}")
    return Finding(
        subject=f"{claim.source} claim",
        ok=not beyond,
        message=f"beyond the policy: {'; '.join(beyond)}" if beyond else "within the policy's bounds",
        remedy="bring the settings within the policy, and calibrate the noise to the new claim",
        evidence=f"{claim}",
    )


def _budget(claim: PrivacyClaim, budget: float, policy: Policy) -> Finding:
    least = policy.privacy.budget_efficiency
    releases = cost.affordable(claim, budget)
    used = cost.exact_epsilon(claim, releases) / budget if releases else 0.0
    paid = (
        f"an RDP accountant lets a budget of {budget:g} pay for {releases} queries, which really cost {used:.1%} of it;"
        f" the policy wants at least {least:.0%}"
    )
    booked = f"for which an RDP accountant books epsilon {cost.booked_epsilon(claim):.4f}"
    return Finding(
        subject=f"{claim.source} budget",
        ok=releases > 0 and used >= least,
        message=paid if releases else f"a budget of {budget:g} does not pay for one query, {booked}",
        remedy="set the budget to what a whole number of queries costs, many rather than few, or use an accountant that"
        " books less slack",
        evidence=f"{claim}",
    )


def _agreement(claims: Sequence[PrivacyClaim]) -> Finding:
    claimed = {
        name: sorted({(str(getattr(claim, name)), claim.source) for claim in claims})
        for name in ("mechanism", "adjacency", "epsilon", "delta", "noise_multiplier")
    }
    apart = [
        f"{name.replace('_', ' ')} is {' and '.join(f'{value} to {source}' for value, source in pairs)}"
        for name, pairs in claimed.items()
        if len({value for value, _ in pairs}) > 1
    ]
    return Finding(
        subject="all components together",
        ok=not apart,
        message="; ".join(apart) or f"{len(claims)} components claim the same of a query",
        remedy="give every router and node the same privacy settings: users are charged by what the router claims and"
        " protected by what the nodes draw",
        evidence="\n".join(map(str, claims)),
    )
