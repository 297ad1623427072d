"""pytest's terminal, for lines that somebody should read while a test still runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest


def uncaptured(config: pytest.Config) -> Callable[[str], None]:
    """What prints a line at once, though the output of the running test is captured."""
    reporter, capture = (config.pluginmanager.get_plugin(name) for name in ("terminalreporter", "capturemanager"))

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            if reporter:
                reporter.ensure_newline()
                reporter.write_line(line)

    return say
