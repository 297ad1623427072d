"""What people do with the application, and who may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from pydantic.dataclasses import dataclass

from checks.application.request import STRICT, Request


@dataclass(frozen=True, config=STRICT)
class Act:
    """Something that somebody can do.

    Args:
        name: e.g. ``read patient``; unique.
        request: what is sent.
        roles: the application's own roles that may.
        phi: whether the answer, or what is written, is protected health information.
        yields: placeholder -> JSON pointer to its value in the answer, for acts that come after.
        writes: whether it changes anything.
        undo: name of the act that takes back what it wrote.
        success: statuses of an act that was done.
        record: the placeholder that names whose record it is about; empty when it is about none, e.g. of a list.
        inert: what to send in place of ``request`` so that nothing changes though it is let through; unless given, the
            request about nobody, without its input.
    """

    name: str
    request: Request
    roles: tuple[str, ...]
    phi: bool = False
    yields: Mapping[str, str] = field(default_factory=dict)
    writes: bool = False
    undo: str = ""
    success: tuple[int, ...] = (200, 201, 202, 204)
    record: str = ""
    inert: Request | None = None

    def harmless(self, nobody: Mapping[str, str]) -> Request:
        """A request that changes nothing also when it is let through: about nobody, and without usable input."""
        if self.inert is not None:
            return self.inert.filled(nobody)
        asked = self.request
        empty = replace(asked, json={} if isinstance(asked.json, dict) else asked.json and [], form={})
        return empty.filled(nobody)


@dataclass(frozen=True, config=STRICT)
class Administration:
    """How test accounts are made and removed. Placeholders: username, password, role, tenant.

    Args:
        role: the application's own role that may.
        create: yields, by ``totp_secret`` (JSON pointer), the second factor's secret where there is one.
    """

    role: str
    create: Request
    remove: Request
    totp_secret: str = ""


@dataclass(frozen=True, config=STRICT)
class Canary:
    """How a synthetic patient is driven through: acts by name, in order, all as one role.

    Placeholders of these acts: mrn, name, birth_date, diagnosis, notes, prompt, model, and what earlier ones yield.
    ``careless`` are requests that go wrong on purpose: what is refused is written down most readily.
    """

    role: str
    acts: tuple[str, ...]
    careless: tuple[Request, ...] = ()
