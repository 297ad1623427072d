"""Why a report does not hold."""

from __future__ import annotations

from enum import StrEnum

from checks.model import plain


class Refusal(StrEnum):
    """The typed reason of a verification that failed."""

    NOT_CANONICAL = "envelope altered"
    WRONG_KEY = "another key"
    UNKNOWN_KEY = "key not in the trust file"
    KEY_NOT_VALID = "key not valid then"
    KEY_REVOKED = "key revoked"
    BAD_SIGNATURE = "signature does not fit"
    WRONG_STATEMENT = "not a report"
    RESULTS_CHANGED = "results.json altered"
    JUNIT_CHANGED = "junit.xml altered"
    POLICY_CHANGED = "policy.json altered"
    MANIFEST_CHANGED = "evidence manifest altered"
    EVIDENCE_REPLACED = "evidence replaced"
    EVIDENCE_ADDED = "evidence added"
    EVIDENCE_REMOVED = "evidence removed"
    INCONSISTENT = "parts contradict each other"
    OTHER_KIND = "another kind of run"
    OTHER_SUBJECT = "another target"
    OTHER_SYSTEM = "another system"
    OTHER_POLICY = "another policy"
    SUPERSEDED = "not the newest report"
    NOT_IN_HISTORY = "not in the history"
    HISTORY_BROKEN = "history altered"
    HISTORY_MISSING = "history missing"
    TIMESTAMP_MISSING = "no time stamp"
    TIMESTAMP_WRONG = "time stamp does not fit"
    REMARKED = "not without remarks"
    HISTORY_FORKED = "history does not extend the head"
    REJECTED_BY_GATE = "the gate rejects it"
    HARNESS = "judged by something else than what was committed"
    TOO_OLD = "too old"
    WAIVER_EXPIRED = "a waiver expired"
    NO_APPROVAL = "not an approval of this board"
    OTHER_REPORT = "an approval of another report"
    APPROVAL_REMOVED = "an approval or rejection removed"
    REJECTED_BY_ROLE = "a role rejects it"
    NOT_ALL_APPROVE = "approvals missing"
    CONDITION_NOT_ACCEPTED = "a condition not accepted"


class VerificationError(Exception):
    """A report does not hold.

    Args:
        refusal: the typed reason.
        message: one sentence for people; it may name files, and is kept as `plain` gives it.
    """

    def __init__(self, refusal: Refusal, message: str) -> None:
        super().__init__(plain(message))
        self.refusal = refusal


class UnreadableError(Exception):
    """There is no report to verify, or no key to verify it with; the message says what to do."""
