"""``clinical-gate target init``: drafts both files by asking and looking."""

from __future__ import annotations

import csv
import os
import ssl
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import click

from fixtures.deployment.target_file import TargetError
from fixtures.stack.certificates import KeyPair
from fixtures.survey.containers.look import look_at_containers
from fixtures.survey.draft import application_draft, target_draft
from fixtures.survey.openapi import Drafted, log_in_of, operations, read_document
from fixtures.survey.sighted import Sighted, UnseenError
from fixtures.survey.stores import look_at_postgres, look_at_redis
from fixtures.survey.web import fetched, look_at_edge, look_at_inference, look_at_prometheus, look_at_provider
from loadtests.exit_codes import ExitCode

_ACCOUNT = ("username", "role", "tenant", "password", "totp_secret")
_QUESTIONS = {
    "edge": "Front door (https://host[:port])",
    "database": "PostgreSQL, as an auditor (postgresql://user:password@host/database)",
    "cache": "Redis, as an administrator (rediss://user:password@host:port)",
    "monitoring": "Prometheus (https://host:port)",
    "inference": "Model server (https://host:port)",
    "oidc": "OpenID provider (https://host)",
    "openapi": "OpenAPI document (URL or file)",
}


@dataclass
class _Survey:
    """What was found so far, what was not, and what is said of it on the way."""

    tables: dict[str, dict[str, object]] = field(default_factory=dict)
    described: dict[str, dict[str, object]] = field(default_factory=dict)
    unseen: dict[str, str] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    operations: tuple[Drafted, ...] = ()

    def look(self, part: str, at: Callable[[], Sighted]) -> None:
        """Take one look, say what it came to, and keep it."""
        try:
            found = at()
        except UnseenError as problem:
            self.unseen[part] = str(problem)
            click.echo(f"{part}: not found: {problem}")
            return
        self.keep(part, found)

    def keep(self, part: str, found: Sighted) -> None:
        """Say what was seen, and keep it."""
        if found.notes:
            self.notes[found.part] = found.notes
        if found.part:
            self.tables.setdefault(found.part, {}).update(found.values)
        for table, keys in found.application.items():
            self.described.setdefault(table, {}).update(keys)
        click.echo(f"{part}: {found.said}")


@click.command()
@click.argument("output", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--name", default="", help="What the deployment is called; default: FILE's name.")
@click.option(
    "--ca", type=click.Path(path_type=Path), help="PEM file of who signs its certificates; default: the system's."
)
@click.option("--certificate", type=click.Path(path_type=Path), help="Client certificate to show to Prometheus.")
@click.option("--key", type=click.Path(path_type=Path), help="Its key.")
@click.option("--accounts", type=click.Path(path_type=Path), help=f"Test accounts: CSV with {', '.join(_ACCOUNT)}.")
@click.option("--edge", default="", metavar="URL", help=_QUESTIONS["edge"])
@click.option("--database", default="", metavar="URL", help=_QUESTIONS["database"])
@click.option("--redis", "cache", default="", metavar="URL", help=_QUESTIONS["cache"])
@click.option("--prometheus", "monitoring", default="", metavar="URL", help=_QUESTIONS["monitoring"])
@click.option("--inference", default="", metavar="URL", help=_QUESTIONS["inference"])
@click.option(
    "--inference-key", default="", envvar="INFERENCE_KEY", help="The key that it asks for (or INFERENCE_KEY)."
)
@click.option("--oidc", default="", metavar="URL", help=_QUESTIONS["oidc"])
@click.option("--openapi", default="", metavar="URL|FILE", help=_QUESTIONS["openapi"])
@click.option("--compose", metavar="PROJECT", help="Compose project whose containers it is made of.")
@click.option("--swarm", metavar="STACK", help="Swarm stack whose services it is made of; the engine is a manager.")
@click.option(
    "--engine", default="", metavar="ADDRESS", help="Where Docker listens; default: DOCKER_HOST, or its socket."
)
@click.option("--no-input", is_flag=True, help="Ask nothing, also on a terminal.")
def init(output: Path, *, no_input: bool, **given: Any) -> ExitCode:  # noqa: ANN401  click's options
    """Write a target file FILE and an application file beside it, by asking and looking; nothing is overwritten.

    What answers is filled in, the rest stands there commented, with what it means. Nothing is sent but questions. Exit
    3 when something that was named does not answer.

    Containers are known by their images and ports, and their engine is asked about them; no secret is read:

    \b
      clinical-gate target init clinic.toml --compose clinic
      clinical-gate target init clinic.toml --swarm clinic --engine tcp://10.0.0.2:2375
    """  # noqa: D301  click reads a real backspace
    application = output.with_name(f"{output.stem}.application.toml")
    if not output.parent.is_dir():
        msg = f"the folder {output.parent} is not there: make it first"
        raise TargetError(msg)
    for path in (output, application):
        if path.exists() or path.is_symlink():
            msg = f"{path} is there already, and is not overwritten"
            raise TargetError(msg)
    contained = _contained(given)
    if not no_input and sys.stdin.isatty():
        given |= {
            part: given[part] or click.prompt(asked, "", show_default=False) for part, asked in _QUESTIONS.items()
        }
    survey = _Survey()
    accounts = _accounts(given["accounts"]) if given["accounts"] else []
    if given["openapi"]:
        _read_openapi(survey, given["openapi"], given["ca"])
    for found in contained:
        if not given.get(found.part):  # what is named is asked itself
            survey.keep(found.part, found)
    _look(survey, given)
    if survey.tables:
        authorities = given["ca"].resolve() if given["ca"] else ssl.get_default_verify_paths().cafile
        survey.tables["trust"] = {"ca": str(authorities)}
    if (given["edge"] and "edge" not in survey.unseen) or accounts:
        edge = survey.tables.get("edge", {})
        door = given["edge"] or (f"https://{edge['https']}" if edge else "")
        survey.tables["api"] = {"base_url": door.rstrip("/"), "accounts": accounts}
    name = given["name"] or output.stem
    _write(output, target_draft(name, application.name, survey.tables, survey.unseen, survey.notes))
    _write(application, application_draft(name, survey.described, survey.operations))
    click.echo(f"\nwrote {output} and {application}; complete them, then: clinical-gate target check {output}")
    return ExitCode.UNKNOWN if survey.unseen else ExitCode.HOLDS


def _contained(given: Mapping[str, Any]) -> Sequence[Sighted]:
    """What the containers are, where some are named. Raises `TargetError`: they, or their engine, are not there."""
    ways = {"project": given["compose"], "stack": given["swarm"]}
    named = {kind: name for kind, name in ways.items() if name is not None}
    if len(named) > 1:
        msg = "--compose and --swarm name the same containers in two ways: keep one of them"
        raise click.UsageError(msg)
    if not named:
        if given["engine"]:
            msg = "--engine is where --compose or --swarm looks: say one of them, too"
            raise click.UsageError(msg)
        return ()
    ((kind, name),) = named.items()
    try:
        return look_at_containers(kind, name, given["engine"])
    except UnseenError as problem:
        raise TargetError(str(problem)) from problem


def _look(survey: _Survey, given: Mapping[str, Any]) -> None:
    """At everything that was named; the later say better how one logs in."""
    ca: Path | None = given["ca"]
    pair = KeyPair(given["certificate"], given["key"]) if given["certificate"] and given["key"] else None
    looks: dict[str, Callable[[str], Sighted]] = {
        "edge": partial(look_at_edge, ca=ca),
        "database": partial(look_at_postgres, ca=ca),
        "cache": partial(look_at_redis, ca=ca),
        "monitoring": partial(look_at_prometheus, ca=ca, member=pair),
        "inference": partial(look_at_inference, ca=ca, api_key=given["inference_key"]),
        "oidc": partial(look_at_provider, ca=ca),
    }
    for part, look in looks.items():
        if given[part]:
            survey.look(part, partial(look, given[part]))


def _read_openapi(survey: _Survey, source: str, ca: Path | None) -> None:
    try:
        remote = source.startswith(("http://", "https://"))
        document = read_document(fetched(source, ca) if remote else Path(source).read_bytes(), source)
    except UnseenError as problem:
        raise TargetError(str(problem)) from problem
    survey.operations = operations(document)
    if log_in := log_in_of(document):
        survey.described["log_in"] = dict(log_in)
    click.echo(f"openapi: {len(survey.operations)} operations; who may is for you to say")


def _accounts(path: Path) -> list[dict[str, object]]:
    """Raises `TargetError` where the file lacks a column."""
    with path.open(newline="") as handle:
        rows = list(csv.DictReader(handle, strict=True))
    missing = [name for name in _ACCOUNT[:-1] if not rows or name not in rows[0]]
    if missing:
        msg = f"{path} has no account, or no column {missing[0]}: its first line names {', '.join(_ACCOUNT)}"
        raise TargetError(msg)
    return [{name: row.get(name) or "" for name in _ACCOUNT} for row in rows]


def _write(path: Path, text: str) -> None:
    """A file that is not there yet, and that nobody else may read: it holds secrets."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
