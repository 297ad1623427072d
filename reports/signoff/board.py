"""The sign-off file: which report a deployment waits for, and whose approval it takes.

signer = "gate.pub"             # whoever runs the gate
target = "St. Jude"
system_id = "urn:st-jude:icu"   # of the target file; need not be given
policy = "st-jude.toml"         # or the name of one that comes with clinical-gate
report_valid_hours = 72
least = 4                       # of the roles; all of them unless given

[roles]
security = "keys/security.pub"
compliance = "keys/compliance.pub"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from checks.policy import load_policy, policy_names
from reports.document import policy_text
from reports.files import read_plain
from reports.keys import load_public
from reports.question import Expected
from reports.records import RunKind

_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
_LARGEST = 2**20


class BoardError(Exception):
    """A sign-off file is missing, or does not say who signs off what; the message says which and why."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    signer: Path
    target: Annotated[str, Field(min_length=1)]
    policy: Annotated[str, Field(min_length=1)]
    system_id: str = ""
    kind: RunKind = "gate"
    report_valid_hours: Annotated[float, Field(gt=0, le=24 * 366)]
    least: Annotated[int, Field(ge=1)] | None = None
    any_harness: bool = False
    roles: Annotated[dict[_Name, Path], Field(min_length=1)]


@dataclass(frozen=True)
class Board:
    """Whose approval counts, of what.

    Args:
        signer: key of whoever runs the gate; no role of the board has it.
        expected: the report's kind, target and policy.
        valid: how old a report may be.
        least: how many of the roles must approve.
        any_harness: whether it takes a report by a harness that is not what was committed.
        roles: name -> key, each key once.
    """

    signer: SSlibKey
    expected: Expected
    valid: timedelta
    least: int
    any_harness: bool
    roles: dict[str, SSlibKey]

    @property
    def keys(self) -> dict[str, SSlibKey]:
        """Id -> key of every role."""
        return {key.keyid: key for key in self.roles.values()}

    def role_of(self, keyid: str) -> str:
        """The role that a key belongs to; empty for one that belongs to none."""
        return next((role for role, key in self.roles.items() if key.keyid == keyid), "")


def load_board(path: Path) -> Board:
    """Read a sign-off file; paths in it are relative to its folder.

    Raises:
        BoardError: no such file, not TOML, a field that does not fit, one key for two roles, or for a role and the
            signer.
        SigningKeyError: a key cannot be read.
        checks.policy.PolicyError: likewise the policy.
    """
    file = _read(path)
    here = path.parent
    signer = load_public(here / file.signer)
    roles = {name: load_public(here / key) for name, key in file.roles.items()}
    owner = {signer.keyid: "the signer of the gate"}
    for name, key in roles.items():
        if key.keyid in owner:
            msg = f"{path}: roles: {name} has the key of {owner[key.keyid]}; one key serves one role"
            raise BoardError(msg)
        owner[key.keyid] = name
    least = file.least or len(roles)
    if least > len(roles):
        msg = f"{path}: least: {least} approvals are wanted of {len(roles)} roles"
        raise BoardError(msg)
    policy = file.policy if file.policy in policy_names() else str(here / file.policy)
    expected = Expected(file.kind, file.target, policy_text(load_policy(policy)), file.system_id)
    return Board(signer, expected, timedelta(hours=file.report_valid_hours), least, file.any_harness, roles)


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(tomllib.loads(read_plain(path, _LARGEST, follow=True).decode()))
    except OSError as problem:
        msg = f"cannot read the sign-off file {path}: {problem.strerror}"
        raise BoardError(msg) from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as problem:
        msg = f"{path} is not TOML: {problem}"
        raise BoardError(msg) from problem
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        msg = f"{path}: {where}: {first['msg']}"
        raise BoardError(msg) from problem
