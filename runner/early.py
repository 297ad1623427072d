"""Lets an option of ours take a path in an argument of its own: ``pytest -m gate --report-dir /srv/reports``.

pytest looks for its settings before it knows our options, which stand in our ``conftest.py``: it takes a path that is
there for a place of tests, and where that lies elsewhere, it finds neither our settings nor our ``conftest.py``. This
plugin it finds by the entry point of the installed project, wherever it looks, and begins again with
``--report-dir=/srv/reports``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parents[1]


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> None:
    """Begin again where an option that is not known yet has led pytest away from here."""
    given = [str(argument) for argument in early_config.invocation_params.args]
    began_here = early_config.invocation_params.dir.resolve().is_relative_to(_HERE)
    if not began_here or early_config.rootpath.resolve() == _HERE:
        return
    _, unknown = parser.parse_known_and_unknown_args(given)
    again = joined(given, unknown)
    if again == given:
        return
    if sys.orig_argv[-len(given) :] != given:  # called by another program, which goes on afterwards
        msg = f"clinical-gate: write {', '.join(argument for argument in again if argument not in given)}"
        raise pytest.UsageError(msg)
    capture = early_config.pluginmanager.get_plugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    os.execv(sys.executable, [*sys.orig_argv[: -len(given)], *again])  # noqa: S606  the same command, written otherwise


def joined(arguments: Sequence[str], unknown: Collection[str]) -> list[str]:
    """The arguments, with ``--option=PATH`` for each unknown option that stands before a path which exists."""
    found: list[str] = []
    for argument in arguments:
        option = found[-1] if found else ""
        if option.startswith("--") and "=" not in option and option in unknown and Path(argument).exists():
            found[-1] = f"{option}={argument}"
        else:
            found.append(argument)
    return found
