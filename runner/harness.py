"""By what a deployment was judged: the harness's own sources, held against the commit, and what it was started with.

A signature says who ran the gate. That what ran is what was committed, and that nothing else took part, is looked at
here and signed with the report.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checks.model import Check
from fixtures import REPOSITORY
from reports.document import canonical
from reports.files import sha256
from reports.harness import HarnessRecord
from reports.redaction import printable

if TYPE_CHECKING:
    from runner.options import RunOptions

LOCK = "requirements.lock"
_ROOMS = ("checks", "commands", "fixtures", "loadtests", "reports", "runner", "suites/gate", "suites/selfproof")
_TOP = ("cli.py", "conftest.py", "pyproject.toml", LOCK)
# Names that bring in code of others, or lead git to another place.
_BRING_CODE = (
    *("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONHOME", "PYTHONPATH", "PYTHONPYCACHEPREFIX", "PYTHONUSERBASE"),
    *("LD_AUDIT", "LD_LIBRARY_PATH", "LD_PRELOAD"),
)
_LISTENED_TO = ("PYTEST_", "PYTHON", "LD_", "GIT_")
_SHOWN = 3
_SIGNING_COMMAND = re.compile(r"((?:--signing-key=)?command:\s*\S+)\s.+", re.DOTALL)
_PLACES = (*(f"{room}/" for room in _ROOMS), *_TOP)


def sources(root: Path = REPOSITORY) -> dict[str, str]:
    """Path -> git's own digest (SHA-1 of a blob) of every file that a run of the gate is made of."""
    rooms = (path for room in _ROOMS for path in (root / room).rglob("*") if "__pycache__" not in path.parts)
    files = [path for path in (*rooms, *(root / name for name in _TOP)) if path.is_file()]
    return {path.relative_to(root).as_posix(): _blob(path.read_bytes()) for path in files}


def differences(found: Mapping[str, str], committed: Mapping[str, str]) -> list[str]:
    """What of the harness is not as it was committed, in words; the index of git, which can be told to look away, is
    not asked.
    """
    there = {path: blob for path, blob in committed.items() if path.startswith(_PLACES)}
    changed = sorted(path for path in found.keys() & there.keys() if found[path] != there[path])
    added, removed = sorted(found.keys() - there.keys()), sorted(there.keys() - found.keys())
    told = (("changed", changed), ("added", added), ("removed", removed))
    return [f"{what} since the commit: {_first(paths)}" for what, paths in told if paths]


def remarks(*, began_with: Mapping[str, str], own: Collection[Path], plugins: Sequence[str]) -> list[str]:
    """Why what judges is not the harness that was committed, a sentence each; none where it is.

    Args:
        began_with: `sources` when the run began.
        own: files of the user's checks and adapter, which the report names with their digests elsewhere.
        plugins: of pytest, that were named on its command line.
    """
    now, committed = sources(), _committed()
    told = differences(now, committed) if committed else ["there is no commit to hold it against"]
    if dict(began_with) != now:
        told.append("changed while the run went on")
    if committed and (strange := sorted(_loaded(own) - committed.keys() - now.keys())):
        told.append(f"loaded what is not of the commit: {_first(strange)}")
    named = [name for name in _BRING_CODE if os.environ.get(name)]
    itself = [name for name in ("sitecustomize", "usercustomize") if name in sys.modules]
    others = (("started with", named), ("plugins by -p:", plugins), ("Python by itself loaded", itself))
    return told + [f"{what} {', '.join(names)}" for what, names in others if names]


def harness_record(
    config: pytest.Config, options: RunOptions, *, began_with: Mapping[str, str], own: Collection[Path]
) -> HarnessRecord:
    """What judged; see `remarks`."""
    given = [str(name) for name in config.getoption("plugins") or () if not str(name).startswith("no:")]
    found = remarks(began_with=began_with, own=own, plugins=given)
    return HarnessRecord(
        version=importlib.metadata.version("clinical-gate"),
        commit=_git("rev-parse", "--verify", "HEAD").decode().strip(),
        sources=_digest(sources()),
        lock=sha256((REPOSITORY / LOCK).read_bytes()),
        catalogue=_digest([_described(rule) for rule in options.rulebook.rules]),
        packages=_digest(_packages()),
        plugins=_plugins(config),
        command=tuple(shown_argument(argument) for argument in sys.orig_argv),
        environment=tuple(sorted(name for name in os.environ if name.startswith(_LISTENED_TO))),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        remarks=tuple(printable(remark) for remark in found),
        accepted=options.any_harness,
    )


def shown_argument(argument: str) -> str:
    """An argument as the report keeps it: of a command that signs, the program; its own arguments may be secret."""
    signs = _SIGNING_COMMAND.fullmatch(argument)
    return printable(f"{signs[1]} [its arguments are not kept]" if signs else argument)


def _loaded(own: Collection[Path]) -> set[str]:
    """Every file below this repository that is a module now; not those of its virtual environment, or of ``own``."""
    files = [Path(file).resolve() for m in list(sys.modules.values()) if (file := getattr(m, "__file__", None))]
    named, packages = {path.resolve() for path in own}, Path(sys.prefix).resolve()
    below = [path for path in files if path.is_relative_to(REPOSITORY) and not path.is_relative_to(packages)]
    return {path.relative_to(REPOSITORY).as_posix() for path in below if path not in named}


def _plugins(config: pytest.Config) -> tuple[str, ...]:
    found = config.pluginmanager.list_plugin_distinfo()
    return tuple(sorted({f"{each.project_name} {each.version}" for _, each in found}))


def _described(rule: Check) -> dict[str, object]:
    violations = [f"{violation.__module__}.{violation.__qualname__}" for violation in rule.violations]
    return {
        "id": rule.id,
        "claim": rule.claim,
        "gate": rule.gate,
        "severity": rule.severity,
        "controls": list(rule.controls),
        "violations": violations,
    }


def _packages() -> dict[str, str]:
    return {str(each.metadata["Name"]).lower(): each.version for each in importlib.metadata.distributions()}


def _committed() -> dict[str, str]:
    """Path -> digest of every file of HEAD."""
    found = {}
    for line in _git("ls-tree", "-r", "-z", "--full-tree", "HEAD").split(b"\0"):
        facts, _, path = line.partition(b"\t")
        if path:
            found[path.decode()] = facts.split()[2].decode()
    return found


def _git(*arguments: str) -> bytes:
    """What git says, whatever its environment would have it say; nothing where there is no git or no repository."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-c", f"safe.directory={REPOSITORY}", "--no-replace-objects", *arguments],
            cwd=REPOSITORY,
            env=plain | {"GIT_CEILING_DIRECTORIES": str(REPOSITORY.parent)},
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        return b""
    return done.stdout if done.returncode == 0 else b""


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _digest(value: object) -> str:
    return sha256(canonical(value))


def _first(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
