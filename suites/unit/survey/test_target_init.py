"""``target init`` drafts files out of what answers: real servers, and documents as people write them."""

from __future__ import annotations

import json
import re
import ssl
import stat
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from checks.lab import DatabaseFlaws
from cli import main
from fixtures.application.file import read_application
from fixtures.deployment.faults import faults_of
from fixtures.deployment.target_file import read_target
from fixtures.lab.cache import start_writable_redis
from fixtures.lab.database import start_postgres
from fixtures.lab.laboratory import Bench, Laboratory
from fixtures.services.database.settings import APPLICATION, AUDITOR, NAME
from fixtures.services.redis import administrator
from fixtures.stack.certificates import CertificateAuthority
from fixtures.survey.openapi import log_in_of, operations, read_document
from suites.unit.application.clinic import Answer, Asked, clinic

OPENAPI = """
openapi: 3.1.0
servers: [{url: "https://clinic.test/api/"}]
paths:
  /patients/{patientId}:
    get: {summary: Read patient}
    delete: {operationId: erasePatient}
    parameters: [{name: patientId, in: path}]
  /notes: {$ref: "#/components/pathItems/notes"}
components:
  pathItems: {notes: {post: {summary: 'Write "note"'}}}
  securitySchemes:
    oauth: {type: oauth2, flows: {password: {tokenUrl: /token, scopes: {}}}}
"""


def _init(directory: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["target", "init", str(directory / "mine.toml"), *options])


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with closing(Laboratory()) as laboratory, laboratory.bench() as bench:
        yield bench


def test_without_anything_both_files_are_drafted_in_comments(tmp_path: Path) -> None:
    """They are what their records say, nobody else can read them, and they are not written twice."""
    done = _init(tmp_path)
    target, application = tmp_path / "mine.toml", tmp_path / "mine.application.toml"
    assert done.exit_code == 0, done.output
    assert f"then: clinical-gate target check {target}" in done.stdout
    assert [stat.S_IMODE(path.stat().st_mode) for path in (target, application)] == [0o600, 0o600]
    assert faults_of(target) == ()
    assert read_target(target).name == read_application(application).name == "mine"
    again = _init(tmp_path)
    assert (again.exit_code, again.stdout) == (2, "")
    assert "is there already, and is not overwritten" in again.stderr


def test_a_folder_that_is_not_there_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    """One sentence, and no question."""
    with clinic(lambda _: Answer(json={})) as server:
        done = _init(tmp_path / "elsewhere", "--edge", server.base_url)
        assert (done.exit_code, done.stdout, server.asked) == (2, "", [])
    assert done.stderr == f"clinical-gate: the folder {tmp_path / 'elsewhere'} is not there: make it first\n"


def test_every_commented_line_can_be_put_to_use(tmp_path: Path) -> None:
    """Without its marks the draft is TOML, whose every table and key the records know."""
    _init(tmp_path)
    for path in (tmp_path / "mine.toml", tmp_path / "mine.application.toml"):
        lines = [re.sub(r"^# (?=\[|\w+ = )", "", line) for line in path.read_text().splitlines()]
        path.write_text("\n".join(lines))
        assert len(tomllib.loads(path.read_text())) > 10
    unknown = [fault for fault in faults_of(tmp_path / "mine.toml") if "not a key that is known" in fault]
    assert unknown == []


def test_the_front_door_is_asked_who_it_is(tmp_path: Path) -> None:
    """The name that its certificate is for, and how it asks who one is; from an authority that is named."""
    authority = CertificateAuthority(tmp_path / "ca")
    pair = authority.issue("edge", tmp_path, names=("edge", "clinic.test", "127.0.0.1"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    accounts = tmp_path / "accounts.csv"
    accounts.write_text('username,role,tenant,password\nann,nurse,a,"p""w,"\n')
    with clinic(lambda _: Answer(401, headers=(("WWW-Authenticate", 'Basic realm="x"'),)), context) as server:
        (tmp_path / "elsewhere").mkdir()
        distrusted = _init(tmp_path / "elsewhere", "--edge", server.base_url)
        given = ["--edge", server.base_url, "--ca", str(authority.certificate), "--accounts", str(accounts)]
        done = _init(tmp_path, *given)
    assert distrusted.exit_code != 0
    assert "is not trusted" in distrusted.output
    assert done.exit_code == 0, done.output
    target = read_target(tmp_path / "mine.toml")
    assert target.edge is not None
    assert target.edge.server_name == "clinic.test"
    assert target.api is not None
    assert [(a.username, a.role, a.tenant) for a in target.api.accounts] == [("ann", "nurse", "a")]
    log_in = read_application(tmp_path / "mine.application.toml").log_in
    assert log_in is not None
    assert log_in.kind == "basic"


def test_stores_say_what_they_are(bench: Bench, tmp_path: Path) -> None:
    """Whether Redis is alone, and who works in a database: the role that has the sessions."""
    cache, database = start_writable_redis(bench), start_postgres(bench, DatabaseFlaws())
    account = administrator(bench.vault)
    secret = bench.vault["postgres.auditor"]
    with database.connect(APPLICATION):
        done = _init(
            tmp_path,
            *("--ca", str(bench.authority.certificate)),
            *("--redis", f"rediss://{account.user}:{account.password}@{cache.address}"),
            *("--database", f"postgresql://{AUDITOR}:{secret}@{database.address}/{NAME}"),
        )
    assert done.exit_code == 0, done.output
    target = read_target(tmp_path / "mine.toml")
    assert target.database is not None
    assert (target.database.hosts, target.database.application_role) == ((database.address,), APPLICATION)
    assert target.cache is not None
    assert target.cache.nodes == (cache.address,)
    assert target.cache.kind == "cluster"  # as the reference stack's nodes are set up


def test_what_does_not_answer_is_said_and_the_rest_is_written(tmp_path: Path) -> None:
    """Nothing listens, or something else does: a sentence each, exit 3, and the section stays in comments."""
    with clinic(lambda _: Answer(json={"data": []})) as server:
        done = _init(
            tmp_path,
            *("--prometheus", server.base_url, "--inference", server.base_url),
            *("--redis", "rediss://u:p@127.0.0.1:1", "--database", "postgresql://u:p@127.0.0.1:1/d"),
            *("--oidc", server.base_url),
        )
    assert done.exit_code == 3, done.output
    for part in ("database", "cache", "monitoring", "oidc"):
        assert f"{part}: not found: " in done.stdout
    assert "Traceback" not in done.output
    assert read_target(tmp_path / "mine.toml").monitoring is None


@pytest.mark.parametrize(
    ("answers", "flavour", "model"),
    [
        ({"/v1/models": {"data": [{"id": "m"}]}}, "openai", "m"),
        ({"/api/tags": {"models": [{"name": "o"}]}}, "ollama", "o"),
    ],
)
def test_a_model_server_is_known_by_the_models_that_it_lists(
    answers: dict[str, object], flavour: str, model: str, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(json=answers[asked.path]) if asked.path in answers else Answer(404)

    with clinic(answer) as server:
        done = _init(tmp_path, "--inference", f"{server.base_url}/v1", "--inference-key", "k")
        assert done.exit_code == 0, done.output
        section = read_target(tmp_path / "mine.toml").inference
        assert section is not None
        assert (section.servers, section.api_key) == ((server.base_url,), "k")
    described = read_application(tmp_path / "mine.application.toml").inference
    assert described is not None
    assert (described.flavour, described.model) == (flavour, model)


def test_a_provider_says_where_tokens_are_given(tmp_path: Path) -> None:
    told = {"token_endpoint": "https://id.test/realms/x/token", "grant_types_supported": ["password"]}
    with clinic(lambda _: Answer(json=told)) as server:
        assert _init(tmp_path, "--oidc", server.base_url).exit_code == 0
    log_in = read_application(tmp_path / "mine.application.toml").log_in
    assert log_in is not None
    assert (log_in.kind, log_in.base_url) == ("password-grant", "https://id.test")
    assert log_in.request is not None
    assert (log_in.request.path, log_in.request.form["grant_type"]) == ("/realms/x/token", "password")


# ----------------------------------------------------------------------------------------------------- documents


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_operations_become_acts_that_nobody_may_until_somebody_says_so(form: str, tmp_path: Path) -> None:
    """In comments: an act whose roles were an empty list would say that nobody may. Taken out of them it is refused."""
    document = read_document(OPENAPI.encode(), "x")
    source = tmp_path / f"openapi.{form}"
    source.write_text(OPENAPI if form == "yaml" else json.dumps(document))
    done = _init(tmp_path, "--openapi", str(source))
    assert done.exit_code == 0, done.output
    path = tmp_path / "mine.application.toml"
    assert read_application(path).acts == ()
    drafted = path.read_text().partition("# Acts, ")[2].partition("\n\n")[0]
    text = re.sub(r"^# (?=\[\[act|\w+ = )", "", drafted.partition("(yields).\n")[2], flags=re.MULTILINE)
    acts = tomllib.loads(text.replace("[?]", '["nurse"]'))["act"]
    assert [(act["name"], act["request"]) for act in acts] == [
        ("Read patient", "GET /api/patients/{patient_id}"),
        ("erasePatient", {"method": "DELETE", "path": "/api/patients/{patient_id}", "json": {}}),
        ('Write "note"', {"method": "POST", "path": "/api/notes", "json": {}}),
    ]
    assert [act.get("writes", False) for act in acts] == [False, True, True]
    path.write_text(f'name = "mine"\n{text}')
    (fault,) = faults_of(tmp_path / "mine.toml")
    assert "is not TOML" in fault


def test_security_schemes_become_a_log_in() -> None:
    document = read_document(OPENAPI.encode(), "x")
    assert len(operations(document)) == 3
    assert log_in_of(document) == {
        "kind": "password-grant",
        "request": {
            "method": "POST",
            "path": "/token",
            "form": {"grant_type": "password", "username": "{username}", "password": "{password}"},
        },
    }
    basic = {
        "openapi": "3.0.0",
        "paths": {},
        "components": {"securitySchemes": {"b": {"type": "http", "scheme": "Basic"}}},
    }
    assert log_in_of(basic) == {"kind": "basic"}
    assert log_in_of({"openapi": "3.0.0", "paths": {}}) == {}


@pytest.mark.parametrize(
    "content", ["", "[]", "swagger: '2.0'\npaths: {}", "openapi: 3.0.0", "a: [", "\x00", "openapi: 3.0.0\npaths: []"]
)
def test_what_is_no_openapi_document_is_refused_in_one_sentence(content: str, tmp_path: Path) -> None:
    """Nothing is written then."""
    source = tmp_path / "openapi.yaml"
    source.write_text(content)
    done = _init(tmp_path, "--openapi", str(source))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("clinical-gate: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "mine.toml").exists()
