"""``python -m benchmarks.accountant_bugs``: which property finds each seeded bug of the accountant, and in how many
seconds.
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from fixtures.lab.laboratory import Laboratory
from suites.privacy.seeded.hunt import BUGS, find


def main() -> None:
    """Hunt for all of them, one after the other, in one lab."""
    table = Table("bug", "property that found it", box=None, pad_edge=False)
    table.add_column("s", justify="right")
    lab = Laboratory()
    try:
        for bug in BUGS:
            found = find(bug, lab)
            table.add_row(bug.name, found.broken or "none", f"{found.seconds:.1f}")
    finally:
        lab.close()
    Console().print(table)


if __name__ == "__main__":
    main()
