"""What our own engineers hold our clinic to: pytest --target mine.toml tests/."""

from checks.application import Request
from checks.targets import Api, Hosts


def test_nobody_lists_patients_without_a_log_in(api: Api) -> None:
    """As a stranger, and as somebody who may."""
    doctor = next(account for account in api.accounts() if account.role == "doctor")
    assert api.send(Request("GET", "/patients"), account=doctor).status == 200
    assert api.send(Request("GET", "/patients")).status == 401


def test_a_clerk_only_counts(api: Api) -> None:
    """403 is the answer to somebody who is known and may not."""
    clerk = next(account for account in api.accounts() if account.role == "clerk")
    assert api.send(Request("GET", "/patients/count"), account=clerk).status == 200
    assert api.send(Request("GET", "/patients"), account=clerk).status == 403


def test_our_keys_belong_to_root(hosts: Hosts) -> None:
    """The target file declares no hosts yet: this says which lines to add."""
    assert {key.owner for key in hosts.private_keys()} == {"root"}
