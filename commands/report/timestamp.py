"""``clinical-gate report timestamp``: have a report's time attested by somebody else than its signer."""

from __future__ import annotations

from pathlib import Path

import click
import requests

from loadtests.exit_codes import ExitCode
from reports.files import write_atomically
from reports.refusals import UnreadableError
from reports.verify import read_envelope

_TIMEOUT_S = 30.0


@click.command(name="timestamp")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path("build/gate/latest"))
@click.option("--url", required=True, metavar="URL", help="Of an RFC 3161 time stamping authority.")
def timestamp_command(directory: Path, url: str) -> ExitCode:
    """Ask a time stamping authority to attest when a report was there, and keep its answer as report.tsr.

    It is sent the SHA-256 of the signed envelope, and nothing else. Ask right after the run: what is attested is that
    the report is not younger. `report verify --tsa` holds the report's own times against it.
    """
    from reports import timestamp  # noqa: PLC0415  its library is read where it is asked for

    folder = directory.resolve()
    envelope, path = read_envelope(folder), folder / timestamp.STAMP
    if path.exists():
        msg = f"{folder} has a time stamp already: an older one attests more than a newer one"
        raise UnreadableError(msg)
    wanted = timestamp.request_for(envelope)
    headers = {"Content-Type": timestamp.TYPE, "Accept": timestamp.ANSWER_TYPE}
    try:
        with requests.post(url, data=wanted.as_bytes(), headers=headers, timeout=_TIMEOUT_S, stream=True) as answer:
            answer.raise_for_status()
            content = answer.raw.read(timestamp.LARGEST, decode_content=True)
    except (requests.RequestException, OSError) as problem:
        msg = f"the time stamping authority {url} did not answer: {problem}"
        raise UnreadableError(msg) from problem
    try:
        write_atomically(path, timestamp.granted(content, wanted))
    except OSError as problem:
        msg = f"cannot write {path}: {problem.strerror}"
        raise UnreadableError(msg) from problem
    click.echo(f"{path}: verify it with --tsa, by the authority's own certificate")
    return ExitCode.HOLDS
