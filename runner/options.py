"""What a run of the gate is told on pytest's command line, e.g. ``pytest -m gate --target mine.toml --policy default``.

`add_options` declares the options and `read_options` makes one `RunOptions` of them, with every file read: what cannot
work is refused before anything is started.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from checks.catalogue import CatalogueError
from checks.model import Check, plain
from checks.policy import Policy, PolicyError, load_policy, policy_names
from fixtures.own_code.checks import Rulebook, rulebook
from fixtures.own_code.python_file import PythonFileError
from fixtures.stack import runs
from loadtests.schedules.profiles import Profile, ProfileError, load_profile, profile_names
from reports.keys import SigningKeyError
from reports.notify import NotifyError, Webhook, read_webhook
from reports.signers.opening import FORMS, open_signer
from reports.waivers import Waiver, WaiverError, load_waivers

OPTION_ERRORS = (
    CatalogueError,
    NotifyError,
    PolicyError,
    ProfileError,
    PythonFileError,
    SigningKeyError,
    WaiverError,
)
OPTIONS = pytest.StashKey["RunOptions"]()  # of pytest's configuration, from the moment that it is made
_KINDS = ("gate", "drill")


@dataclass(frozen=True)
class RunOptions:
    """What the command line asked for.

    Args:
        kind: ``gate`` or ``drill``, which end with a report; empty for every other run.
        checks: a folder with checks of the user's own.
        any_harness: judge also by a harness that is not what was committed; the report says so.
        webhook: is told what came of the run.
    """

    kind: str
    policy: Policy
    profile: Profile
    checks: Path | None
    report_root: Path
    run_id: str
    signing_key: str | None
    waivers: tuple[Waiver, ...]
    any_harness: bool = False
    webhook: Webhook | None = None

    @cached_property
    def rulebook(self) -> Rulebook:
        """The catalogue, and the checks of the user's own after it.

        Raises:
            CatalogueError, PythonFileError: a check cannot be read.
        """
        return rulebook(self.checks)


def add_options(parser: pytest.Parser) -> None:
    """What the gate can be told."""
    group = parser.getgroup("clinical-gate")  # what is looked at, `fixtures.plugin` asks
    group.addoption(
        "--policy", default="default", metavar="NAME", help=f"one of {', '.join(policy_names())}, or a .toml file"
    )
    group.addoption("--checks", type=Path, metavar="DIR", help="judge by the checks of this folder, too")
    group.addoption("--load-profile", default="gate", metavar="NAME", help=f"one of {', '.join(profile_names())}")
    group.addoption("--load-seconds", type=float, default=None, metavar="S", help="length of the measured load")
    group.addoption(
        "--report-dir", type=Path, default=Path("build"), metavar="DIR", help="where reports go (default: build)"
    )
    group.addoption("--signing-key", metavar="KEY", help=f"who signs: {FORMS}; default: DIR/keys/gate.ed25519")
    group.addoption(
        "--any-harness", action="store_true", help="approve also by a harness with local changes; the report says so"
    )
    group.addoption(
        "--notify", metavar="SOURCE", help="tell a webhook the decision; its https URL is in env:NAME or file:PATH"
    )
    group.addoption("--waivers", type=Path, metavar="FILE", help="waivers in force")


def read_options(config: pytest.Config) -> RunOptions:
    """The options of this run, which gets its id here.

    Raises:
        CatalogueError, PolicyError and others: an option cannot work, and the message says what to mend;
            `OPTION_ERRORS` are all of these.
    """
    expression = str(config.getoption("markexpr") or "")
    kind = expression if expression in _KINDS else ""
    if key := config.getoption("signing_key"):
        open_signer(key)
    waivers, notify = config.getoption("waivers"), config.getoption("notify")
    options = RunOptions(
        kind=kind,
        policy=load_policy(str(config.getoption("policy"))),
        profile=load_profile(config.getoption("load_profile")).changed(seconds=config.getoption("load_seconds")),
        checks=config.getoption("checks"),
        report_root=Path(config.getoption("report_dir")) / (kind or "gate"),
        run_id=runs.new_run_id(),
        signing_key=key,
        waivers=load_waivers(waivers) if waivers else (),
        any_harness=config.getoption("any_harness"),
        webhook=read_webhook(notify) if notify else None,
    )
    if options.checks:
        options.rulebook  # noqa: B018  what it says of them is said now
    return options


def rules_of(config: pytest.Config) -> tuple[Check, ...]:
    """Every check of this run; a malformed one ends the run with one sentence."""
    try:
        return config.stash[OPTIONS].rulebook.rules
    except OPTION_ERRORS as problem:
        pytest.exit(f"clinical-gate: {plain(str(problem))}", returncode=2)
