"""No patient's data crosses a wire between hosts in clear (45 CFR 164.312(e)(1) and 164.312(e)(2)(ii)).

Every packet is captured while a synthetic patient with a random marker is driven through the whole system, and
searched, one by one and put together in sequence order.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.data._canary import absent, whole_first
from checks.lab import CanaryFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Canary


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
    remedy = "use TLS on this link, with verified certificates at both ends"
    for seen in whole_first(canary.on_the_wire()):
        yield absent(seen, subject=f"wire {seen.place}", unit="packets", remedy=remedy)
