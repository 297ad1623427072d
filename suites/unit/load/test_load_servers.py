"""``clinical-gate load`` on real servers: which ones it can send to, and what it says of those that refuse."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fixtures.reference.description import APPLICATION_FILE
from loadtests.generator.spec import load_from_json
from suites.unit.load.load_command import ADDRESS, bare_target, load_command, record_of, sentence_of, target_file
from suites.unit.load.model_server import MODEL, ollama

pytestmark = pytest.mark.unit


def test_any_http_server_can_be_loaded(page: str, short: str, tmp_path: Path) -> None:
    """Everybody reads the page; the record and its pictures are written."""
    target, output, place = bare_target(tmp_path, page), tmp_path / "output", urlsplit(page).netloc
    done = load_command("--target", target, "--profile", short, "--rate", "50", "--seed", "3", "--output", str(output))
    assert done.exit_code in (0, 3), done.output
    assert f"load: 20 users, Poisson arrivals at 50/s, 2 s, to {place}" in done.stderr
    assert f"short on {place}: 20 users, Poisson arrivals at 50/s, 2 s, seed 3" in done.stdout
    assert re.search(r"not examined by this load: .*performance/recovers_after_spike", done.stdout)
    record = load_from_json((output / "record.json").read_text())
    pages = next(kind for kind in record.kinds if kind.kind == "page.get")
    assert record.complete
    assert 60 < pages.total < 140
    assert dict(pages.errors) == {}
    assert list(output.glob("*.svg"))


def test_a_redirection_is_not_followed(page: str, short: str, tmp_path: Path) -> None:
    """It is an answer that nobody asked for, which breaks the policy's limits."""
    target = bare_target(tmp_path, page, 'page = "/moved"')
    done = load_command(
        "--target", target, "--profile", short, "--users", "100", "--arrivals", "constant", "--rate", "60", "--json"
    )
    assert done.exit_code == 1, done.output
    pages = next(kind for kind in record_of(done).kinds if kind.kind == "page.get")
    assert dict(pages.errors) == {"status 302": pages.total}


def test_an_ollama_server_can_be_loaded(short: str, tmp_path: Path) -> None:
    """Everybody asks for chats, with as many tokens as the profile says, and their times are recorded."""
    with ollama("127.0.0.1") as server:
        url = f"http://localhost:{server.server_port}/api"
        done = load_command(
            "--target",
            bare_target(tmp_path, url, f'kind = "ollama"\nmodel = "{MODEL}"\napi_key = "k-1"'),
            "--profile",
            f"{short}:short",
            "--json",
        )
    kinds = {kind.kind: kind for kind in record_of(done).kinds}
    chats = kinds["inference.chat"]
    assert dict(chats.errors) == {}
    assert kinds["inference.chat:first_token"].total == chats.total == len(server.asked) > 20
    assert kinds["inference.chat:gap"].percentile(0.5) >= 4  # ms between the server's tokens
    assert {path for path, _ in server.asked} == {"/api/chat"}
    assert {body["options"]["num_predict"] for _, body in server.asked} == set(range(4, 9))  # type: ignore[index]
    assert server.tokens == {"Bearer k-1"}
    assert server.names == {f"localhost:{server.server_port}"}


def test_an_openai_server_can_be_loaded(model_server: tuple[str, Path], short: str, tmp_path: Path) -> None:
    """Over TLS, by the authorities of the target file, here with two processes."""
    url, ca = model_server
    section = f'[load]\nurl = "{url}"\nkind = "openai"'
    done = load_command(
        "--target",
        target_file(tmp_path, f'[trust]\nca = "{ca}"\n{section}'),
        "--profile",
        short,
        "--processes",
        "2",
        "--json",
    )
    untrusting = load_command("--target", target_file(tmp_path, section), "--profile", short)
    record = record_of(done)
    kinds = {kind.kind: kind for kind in record.kinds}
    assert len(record.generators) == 2
    assert dict(kinds["inference.chat"].errors) == {}
    assert kinds["inference.chat:first_token"].total > 20
    place = urlsplit(url).netloc
    assert sentence_of(untrusting) == (
        f"a clinician without account could not connect to {place}: certificate not trusted; no load was sent"
    )


def test_a_target_that_refuses_log_in_is_said_in_one_sentence(page: str, short: str, tmp_path: Path) -> None:
    """Who was refused, and how; nothing was sent."""
    account = 'username = "doctor.x"\nrole = "physician"\ntenant = "t"\npassword = "never-shown"\ntotp_secret = ""'
    accounts = "\n".join(f"[[api.accounts]]\n{account}" for _ in range(20))
    described = f'application = "{APPLICATION_FILE}"\n[api]\nbase_url = "{page}"\n{accounts}'
    done = load_command("--target", target_file(tmp_path, described), "--profile", short, "--users", "1")
    assert sentence_of(done) == f"doctor.x could not log in at {urlsplit(page).netloc}: status 403; no load was sent"


def test_a_closed_port_is_said_in_one_sentence(short: str, tmp_path: Path) -> None:
    """Likewise."""
    done = load_command("--target", bare_target(tmp_path, f"http://{ADDRESS}:1"), "--profile", short)
    assert sentence_of(done) == f"a visitor without account could not connect to {ADDRESS}:1: refused; no load was sent"
