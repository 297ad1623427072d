"""No patient's data crosses a wire between hosts in clear (45 CFR 164.312(e)(1) and 164.312(e)(2)(ii)).

Every packet is captured while a synthetic patient with a random marker is driven through the whole system, and
searched, one by one and put together in sequence order.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import CanaryFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Canary

_SHOWN = 5


def _hop_in_clear(lab: Lab) -> Canary:
    return lab.build(CanaryFlaws(leak="wire"))


@check(
    gate=Gate.PRIVACY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(e)(1)", "hipaa:164.312(e)(2)(ii)", "gdpr:25"),
    violations=(_hop_in_clear,),
)
def phi_canary_absent_on_the_wire(canary: Canary) -> Iterator[Finding]:
    """One finding per pair of hosts; a link that must have carried the patient but was not seen was not examined."""
    for seen in canary.on_the_wire():
        if not seen.examined:
            msg = f"no packet was seen between {seen.place}, so that link was not examined"
            raise CannotLookError(msg)
        where = ", ".join(f"{trace.place} ({trace.encoding})" for trace in seen.traces[:_SHOWN])
        yield Finding(
            subject=f"wire {seen.place}",
            ok=not seen.traces,
            message=f"the patient was seen in clear: {where}"
            if seen.traces
            else f"not in {seen.examined} packets, {seen.bytes} bytes",
            remedy="use TLS on this link, with verified certificates at both ends",
            evidence="\n".join(f"{trace.place} {trace.encoding}" for trace in seen.traces),
        )
