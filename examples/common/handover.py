"""What the operators of a deployment would hand over to whoever gates it: where its parts are, and as whom to log in.

``clinical-gate target init`` takes both files: one as shell variables, one as the table of accounts.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from urllib.parse import quote as percent

from fixtures.deployment.target_file import TargetFile
from fixtures.hosts.files import write_private

HANDED_OVER = ("access.env", "accounts.csv")


def hand_over(target: TargetFile, folder: Path) -> None:
    """Write both files, which nobody else can read."""
    places, accounts = (folder / name for name in HANDED_OVER)
    write_private(places, "".join(f"export {name}={quote(value)}\n" for name, value in _places(target)))
    text = io.StringIO()
    listed = csv.DictWriter(text, ["username", "role", "tenant", "password", "totp_secret"])
    listed.writeheader()
    listed.writerows(account.model_dump() for account in (target.api.accounts if target.api else ()))
    write_private(accounts, text.getvalue())


def _places(target: TargetFile) -> Iterator[tuple[str, str]]:
    if target.trust:
        yield "CA", str(target.trust.ca)
    if target.edge:
        yield "EDGE", f"https://{target.edge.https}"
    if database := target.database:
        whom = f"{percent(database.user, safe='')}:{percent(database.password, safe='')}"
        yield "DATABASE", f"postgresql://{whom}@{database.hosts[0]}/{database.name}"
    if cache := target.cache:
        whom = f"{percent(cache.username, safe='')}:{percent(cache.password, safe='')}"
        yield "REDIS", f"rediss://{whom}@{cache.nodes[0]}"
    if monitoring := target.monitoring:
        yield "PROMETHEUS", str(monitoring.prometheus)
        if monitoring.certificate and monitoring.key:
            yield from (("CERTIFICATE", str(monitoring.certificate)), ("KEY", str(monitoring.key)))
    if target.inference:
        yield from (("INFERENCE", target.inference.servers[0]), ("INFERENCE_KEY", target.inference.api_key))
