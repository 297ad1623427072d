"""A hospital that lies, by whatever amount, moves a released result by no more than one hospital's clip (NIST SP
800-226 section 4; 45 CFR 164.312(c)(1)).

A node is stopped and a program with its name and key claims a million million patients in its place, and then as many
fewer than none. The clip is what a hospital of the largest size that is believed could answer, with noise. What the
other nodes' fresh noise may add between two releases is allowed for, but for a chance of ``policy.privacy.alpha``. A
liar who takes no part at all moves nothing: then too few are left, and the answer is 503.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist

from checks.federation._refusals import withheld
from checks.lab import FederationFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Federation, JointAnswer

_LIE = 10**12
_KINDS = ("count", "sum")
_DEVIATIONS = 20  # of noise that a clip may leave room for, both sides together


def _clip_too_wide_for_any_lie(lab: Lab) -> Federation:
    return lab.build(FederationFlaws(settings={"federation.max_patients_per_node": 10**13}))


@check(
    gate=Gate.FEDERATION,
    severity=Severity.HIGH,
    controls=("nist-800-226:4", "hipaa:164.312(c)(1)"),
    violations=(_clip_too_wide_for_any_lie,),
)
def lies_bounded_by_clip(federation: Federation, policy: Policy) -> Iterator[Finding]:
    """One finding on the clip that is stated for a count, and one per lie and kind of query on what it moved."""
    answers = federation.beside(("", f"claims:{_LIE}", f"claims:{-_LIE}"), _KINDS)
    honest = {answer.kind: answer for answer in answers if not answer.behaviour}
    lied = [answer for answer in answers if answer.behaviour]
    for answer in honest.values():
        if answer.value is None:
            msg = f"no {answer.kind} of honest hospitals was released: status {answer.status}"
            raise CannotLookError(msg)
    believed = policy.federation.max_patients_per_node + _DEVIATIONS * honest["count"].noise_scale
    yield _stated(honest["count"], believed)
    for answer in lied:
        width = _width(answer) if answer.kind != "count" else min(_width(answer), believed)
        yield _moved(honest[answer.kind], answer, width, policy.privacy.alpha / len(lied))


def _width(answer: JointAnswer) -> float:
    return answer.clip[1] - answer.clip[0] if answer.clip else math.inf


def _stated(count: JointAnswer, believed: float) -> Finding:
    width = _width(count)
    stated = f"from {count.clip[0]:g} to {count.clip[1]:g}, {width:g} wide" if count.clip else "none is stated"
    return Finding(
        subject="clip of one hospital's part in a count",
        ok=width <= believed,
        message=f"{stated}; the policy's largest hospital and noise need {believed:g}",
        remedy="clip each hospital's part to what one of a declared largest size could answer, and state it",
        evidence=f"{count}",
    )


def _moved(honest: JointAnswer, lied: JointAnswer, width: float, alpha: float) -> Finding:
    subject = f"{lied.kind} with one hospital that {lied.behaviour.replace(':', ' ')}"
    remedy = "clip each hospital's part before the parts are added, to the width of what one hospital can honestly say"
    if lied.value is None or honest.value is None:
        withheld(lied.status, f"a {subject}", "what a lie moves")
        return Finding(subject, ok=True, message=f"nothing was released: status {lied.status}", evidence=f"{lied}")
    others = max(1, lied.participants - 1)
    chance = NormalDist().inv_cdf(1 - alpha / 2) * honest.noise_scale * math.sqrt(2 * others)
    moved = abs(lied.value - honest.value)
    return Finding(
        subject=subject,
        ok=moved <= width + chance,
        message=(
            f"the result moved by {moved:.6g}; the clip is {width:.6g} wide, and the noise of {others} others moves it"
            f" by less than {chance:.6g} but for a chance of {alpha:.2g}"
        ),
        remedy=remedy,
        evidence=f"{honest}\n{lied}",
    )
