"""Accounts that are made for a check and removed after it, so that a deployment is left as it was found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from checks.targets import Account, Api


@contextmanager
def disposable(api: Api, role: str, tenant: str) -> Iterator[Account]:
    """A fresh account of that role, gone afterwards."""
    account = api.new_account(role, tenant)
    try:
        yield account
    finally:
        admin = next((a for a in api.accounts() if a.role == "admin" and a.tenant == tenant), None)
        if admin is not None:
            api.call("DELETE", f"/admin/users/{account.username}", account=admin)
