"""The reference application is loaded by its description like anybody's: a real router, database, cache and model."""

from __future__ import annotations

from checks.lab import ApiFlaws
from fixtures.lab.api import start_application
from fixtures.lab.laboratory import Laboratory
from fixtures.reference import seed
from fixtures.reference.description import reference_application
from fixtures.targets.load.target import send
from loadtests.generator.accounts import LoadAccount
from loadtests.generator.spec import LoadSpec
from loadtests.schedules.profiles import make_profile

_EVERYBODY = make_profile(
    {
        "name": "everybody",
        "users": 10,
        "think_s": [0.6, 1.4],
        "seconds": 6,
        "output_tokens": [4, 8],
        "roles": {"clinician": 0.2, "nurse": 0.4, "researcher": 0.1, "auditor": 0.1, "node": 0.2},
        "actions": {"researcher": {"privacy.budget": 1.0}},  # an aggregate needs three hospitals
    }
)
_TOO_MANY = "status 503"  # a busy machine's one small router may refuse; nothing else may go wrong


def test_everybody_who_works_with_the_reference_application_is_answered_rightly() -> None:
    """Chats in streams, lists, reads, writes, budgets, the trail and heartbeats; every encounter is found again."""
    laboratory = Laboratory()
    try:
        with laboratory.bench() as bench:
            router = start_application(bench, ApiFlaws()).router
            accounts = tuple(
                LoadAccount(username=a.username, role=a.role, password=a.password, totp_secret=a.totp_secret)
                for a in seed.load_accounts(bench.vault)[:60]
            )
            application = reference_application()
            spec = LoadSpec(
                target="lab",
                base_url=router.url,
                ca=str(bench.authority.certificate),
                application=application,
                accounts=accounts,
                log_ins_per_minute=6000,
                model=application.inference.model if application.inference else "",
                profile=_EVERYBODY,
                seed=5,
            )
            load = send(bench.host("client"), spec)
    finally:
        laboratory.close()
    assert (load.complete, load.problem) == (True, "")
    sent = {kind.kind: kind for kind in load.kinds if ":" not in kind.kind}
    heads = {"audit.read", "federation.heartbeat", "inference.chat", "patient.encounter", "patient.list"}
    assert sent.keys() == heads | {"patient.read", "privacy.budget"}
    wrong = [f"{kind}: {cause}" for kind, found in sent.items() for cause in found.errors if cause != _TOO_MANY]
    assert wrong == []
    assert [kind for kind, found in sent.items() if found.failed == found.total] == []
    assert load.written
    assert (load.written.complete, load.written.lost, load.written.duplicated) == (True, 0, 0)
    assert load.written.acknowledged > 0
