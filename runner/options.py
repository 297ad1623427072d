"""What a run of the gate is told on pytest's command line, e.g. ``pytest -m gate --target mine.toml --policy default``.

`add_options` declares the options and `read_options` makes one `RunOptions` of them, with every file read: what cannot
work is refused before anything is started.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from checks.policy import Policy, PolicyError, load_policy, policy_names
from fixtures.deployment.target_file import TargetError, read_target
from fixtures.hosts import HostError
from fixtures.hosts.loopback import may_use_namespaces
from fixtures.stack import runs
from loadtests.schedules.profiles import Profile, ProfileError, load_profile, profile_names
from reports.keys import SigningKeyError, load_signer
from reports.waivers import Waiver, WaiverError, load_waivers

OPTION_ERRORS = (PolicyError, ProfileError, TargetError, WaiverError, SigningKeyError, HostError)
_KINDS = ("gate", "drill")


@dataclass(frozen=True)
class RunOptions:
    """What the command line asked for.

    Args:
        kind: ``gate`` or ``drill``, which end with a report; empty for every other run.
        target: None stands up the reference stack for the run.
    """

    kind: str
    policy: Policy
    profile: Profile
    target: Path | None
    driver: str
    model: Path | None
    report_root: Path
    run_id: str
    signing_key: Path | None
    waivers: tuple[Waiver, ...]


def add_options(parser: pytest.Parser) -> None:
    """What the gate can be told."""
    group = parser.getgroup("clinical-gate")
    group.addoption(
        "--target", type=Path, metavar="FILE", help="gate this deployment; default: stand up the reference stack"
    )
    group.addoption(
        "--policy", default="default", metavar="NAME", help=f"one of {', '.join(policy_names())}, or a .toml file"
    )
    group.addoption("--driver", default="", choices=["", *runs.DRIVERS], help="hosts of the reference stack")
    group.addoption("--model", type=Path, metavar="GGUF", help="serve this model instead of random weights")
    group.addoption("--load-profile", default="gate", metavar="NAME", help=f"one of {', '.join(profile_names())}")
    group.addoption("--load-seconds", type=float, default=None, metavar="S", help="length of the measured load")
    group.addoption(
        "--report-dir", type=Path, default=Path("build"), metavar="DIR", help="where reports go (default: build)"
    )
    group.addoption(
        "--signing-key", type=Path, metavar="PEM", help="Ed25519 private key; default: DIR/keys/gate.ed25519"
    )
    group.addoption("--waivers", type=Path, metavar="FILE", help="waivers in force")


def read_options(config: pytest.Config) -> RunOptions:
    """The options of this run, which gets its id here.

    Raises:
        PolicyError, ProfileError, TargetError, WaiverError, SigningKeyError, HostError: an option cannot work, and the
            message says what to mend; `OPTION_ERRORS` are all of these.
    """
    expression = str(config.getoption("markexpr") or "")
    kind = expression if expression in _KINDS else ""
    target, driver, model = (config.getoption(name) for name in ("target", "driver", "model"))
    if target:
        read_target(target)
    if driver == "namespace" and not may_use_namespaces():
        message = "network namespaces need root: run with sudo, or use --driver loopback"
        raise HostError(message)
    if model:
        refuse_other_than_gguf(model)
    if key := config.getoption("signing_key"):
        load_signer(key)
    waivers = config.getoption("waivers")
    return RunOptions(
        kind=kind,
        policy=load_policy(str(config.getoption("policy"))),
        profile=load_profile(config.getoption("load_profile")).changed(seconds=config.getoption("load_seconds")),
        target=target,
        driver=driver,
        model=model,
        report_root=Path(config.getoption("report_dir")) / (kind or "gate"),
        run_id=runs.new_run_id(),
        signing_key=key,
        waivers=load_waivers(waivers) if waivers else (),
    )


def refuse_other_than_gguf(model: Path) -> None:
    """Say of a file that cannot be served that it cannot, before a whole stack is started for it.

    Raises:
        TargetError: it is not there, or no GGUF (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
    """
    try:
        with model.open("rb") as content:
            magic = content.read(4)
    except OSError as problem:
        message = f"cannot read model {model}: {problem.strerror}"
        raise TargetError(message) from problem
    if magic != b"GGUF":
        message = f"model {model} is no GGUF file: it does not begin with the letters GGUF"
        raise TargetError(message)
