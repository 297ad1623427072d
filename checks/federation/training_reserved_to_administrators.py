"""Nobody but an administrator can have the hospitals train together (45 CFR 164.308(a)(4)(i) and 164.312(a)(1)).

Every round computes on all hospitals' data and moves the common model. Each role asks for a training of no rounds at
all, so one that is let through changes nothing: what is judged is whether it was refused for want of the right.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.federation._refusals import FORBIDDEN, UNAUTHENTICATED, refused
from checks.lab import FederationFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Federation, RoleAnswer

_ENTITLED = ("admin",)


def _researcher_who_may_train(lab: Lab) -> Federation:
    return lab.build(FederationFlaws(settings={"access.roles.researcher": ["dp:query", "federation:train"]}))


@check(
    gate=Gate.FEDERATION,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.308(a)(4)(i)", "hipaa:164.312(a)(1)"),
    violations=(_researcher_who_may_train,),
)
def training_reserved_to_administrators(federation: Federation) -> Iterator[Finding]:
    """One finding per role, and one without a log-in."""
    answers = federation.train_as()
    missing = set(_ENTITLED) - {answer.role for answer in answers}
    if missing:
        msg = f"the deployment declares no test account of role {', '.join(sorted(missing))}"
        raise CannotLookError(msg)
    for answer in answers:
        yield _judged(answer)


def _judged(answer: RoleAnswer) -> Finding:
    role, status = answer.role or "nobody", answer.status
    refusals = (FORBIDDEN,) if answer.role else (UNAUTHENTICATED, FORBIDDEN)
    allowed = role in _ENTITLED
    kept_out = refused(status, refusals, f"a training asked for by {role}", "the right to it")
    seen, right = "refused" if kept_out else "let through", "has" if allowed else "does not have"
    return Finding(
        subject=f"{role}: a training over all hospitals",
        ok=allowed is not kept_out,
        message=f"{seen} with {status}, and {right} the right",
        remedy=f"{'give' if allowed else 'take'} {role} the permission behind federated training",
    )
