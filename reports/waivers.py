"""Waivers: a failure that somebody answers for, until a date. One that is not in force is a failure of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from checks.model import Finding
from reports.records import WaiverRecord

_LEAST_JUSTIFICATION = 20  # characters: "accepted" is no justification


class WaiverError(Exception):
    """A waivers file is missing or unreadable; the message says which and why."""


class Waiver(BaseModel):
    """One ``[[waiver]]`` of a waivers file. It covers failures of its check up to and including the day ``expires``.

    What a good waiver needs may be absent here, so that its absence is a finding and not an unreadable file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: str
    owner: str = ""
    justification: str = ""
    expires: date | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    waiver: tuple[Waiver, ...] = Field(default=())


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Read a TOML file of ``[[waiver]]`` tables: check, owner, justification, expires.

    Raises:
        WaiverError: no such file, not TOML, or a field that does not fit.
    """
    try:
        return _File.model_validate(tomllib.loads(path.read_text())).waiver
    except OSError as problem:
        msg = f"cannot read the waivers in {path}: {problem.strerror}"
        raise WaiverError(msg) from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        msg = f"{path} is not TOML: {problem}"
        raise WaiverError(msg) from problem
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        msg = f"{path}: {where}: {first['msg']}"
        raise WaiverError(msg) from problem


def judge_waivers(waivers: Sequence[Waiver], *, known: Collection[str], today: date) -> tuple[Finding, ...]:
    """One finding per waiver, in order; ok means that it is in force.

    Args:
        waivers: as read from the file.
        known: ids of every check of the catalogue.
        today: the date, UTC.
    """
    return tuple(_judge(waiver, known, today) for waiver in waivers)


def _judge(waiver: Waiver, known: Collection[str], today: date) -> Finding:
    subject = f"waiver of {waiver.check}"
    if waiver.check not in known:
        return Finding(
            subject=subject,
            ok=False,
            message="It names a check that does not exist.",
            remedy="Correct the id (clinical-gate checks list), or remove the waiver.",
        )
    if not waiver.owner.strip():
        return Finding(
            subject=subject, ok=False, message="Nobody owns it.", remedy="Name the person who answers for the risk."
        )
    if len(waiver.justification.strip()) < _LEAST_JUSTIFICATION:
        return Finding(
            subject=subject,
            ok=False,
            message="It gives no justification that a reader could judge.",
            remedy="Say in a sentence why the risk is acceptable until the expiry.",
        )
    if waiver.expires is None:
        return Finding(subject=subject, ok=False, message="It never expires.", remedy="Set expires to the day it ends.")
    if waiver.expires < today:
        return Finding(
            subject=subject,
            ok=False,
            message=f"It expired on {waiver.expires}.",
            remedy="Mend what it covers, or have its owner decide again.",
        )
    return Finding(subject=subject, ok=True, message=f"In force until {waiver.expires}, owned by {waiver.owner}.")


def record(waiver: Waiver, finding: Finding) -> WaiverRecord:
    """A waiver and its judgement, as a report keeps them."""
    return WaiverRecord(
        check=waiver.check,
        owner=waiver.owner,
        justification=waiver.justification,
        expires=waiver.expires,
        in_force=finding.ok,
        message=finding.message,
    )
