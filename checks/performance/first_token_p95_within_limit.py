"""95 % of the streamed answers begin within the policy's limit: a clinician sees that something happens (45 CFR
164.308(a)(7)(ii)(C)).

Counted from the moment a user meant to ask to the first token, as MLPerf Inference does for language models (TTFT),
be it of the answer or of what a model thinks before it; when the answer itself began (TTFO) is said beside it. An
answer that fails, before or after it, is as bad as a late one. Decided at the policy's confidence, by
`checks.performance._early_stopping`.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, LoadFlaws
from checks.model import Finding, Gate, Severity, check
from checks.performance._early_stopping import P95, claim_holds
from checks.performance._load_record import (
    FIRST_OUTPUT_TOKEN,
    evidence_of,
    first_token_late_or_none,
    first_tokens_of,
    judgeable,
    times_inside,
)
from checks.policy import Policy
from checks.targets import Loads


def _every_fourth_answer_begins_late(lab: Lab) -> Loads:
    return lab.build(LoadFlaws(late_start_share=0.25))


def _every_fourth_answer_ends_in_an_error(lab: Lab) -> Loads:
    return lab.build(LoadFlaws(broken_share=0.25))


@check(
    gate=Gate.PERFORMANCE,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_every_fourth_answer_begins_late, _every_fourth_answer_ends_in_an_error),
)
def first_token_p95_within_limit(loads: Loads, policy: Policy) -> Iterator[Finding]:
    """Hold the first tokens of the load's chats against ``performance.first_token_p95_ms``."""
    limits = policy.performance
    load = judgeable(loads.load(), limits)
    streamed, first = first_tokens_of(load, "inference")
    limit_ms = limits.first_token_p95_ms
    bad = first_token_late_or_none(streamed, first, limit_ms)
    ok = claim_holds(f"first token p95 within {limit_ms:g} ms", bad, P95, limits.confidence)
    output = times_inside(load, "inference", FIRST_OUTPUT_TOKEN)
    after = f"; of answers after thinking p95 is {output.percentile(0.95):.0f} ms" if output.total else ""
    late = f"{first.over(limit_ms)} of {streamed.total} came later than {limit_ms:g} ms"
    yield Finding(
        subject=f"first tokens under {load.users} users",
        ok=ok,
        message=f"{late}, {streamed.failed} answers failed; p95 is {first.percentile(0.95):.0f} ms{after}",
        remedy="admit fewer requests at once, shorten or cache prompts, and let nothing on the way buffer streams",
        evidence=evidence_of(load, first),
    )
