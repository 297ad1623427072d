"""Prove some checks from the command line: ``python -m runner.prove tls http/hsts...``; prints each outcome."""

from __future__ import annotations

import importlib
import sys

from checks import catalogue as library
from checks.model import Check
from checks.policy import load_policy
from fixtures.lab import Laboratory
from runner.proving import attempts, make


def main(wanted: list[str]) -> int:
    """Prove every check whose id starts with one of ``wanted``; 0 when all are proven."""
    rules: list[Check] = []
    for room in {name.split("/")[0] for name in wanted}:
        package = importlib.import_module(f"checks.{room}")
        identities = [f"{room}/{name}" for name in library.names_in(package)]
        rules.extend(library.read(i) for i in identities if any(i.startswith(w) for w in wanted))
    lab, unproven = Laboratory(), 0
    try:
        for attempt in attempts(rules):
            outcome = make(attempt, lab, load_policy("default"))
            result = outcome.result
            unproven += not outcome.proven
            mark = "proven  " if outcome.proven else "UNPROVEN"
            seen = [f"{f.subject}: {f.message}" for f in (result.broken or result.findings)][:2]
            print(f"{mark} {result.duration_s:6.2f} s  {attempt.name}: {result.status} {result.explanation} {seen}")  # noqa: T201
    finally:
        lab.close()
    return 1 if unproven or not rules else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
