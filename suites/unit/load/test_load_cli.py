"""``clinical-gate load`` on real servers: what it sends, what it refuses, and with which exit code it ends."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from checks.targets import Load
from cli import main
from fixtures import REPOSITORY
from fixtures.deployment.target_file import TargetFile
from fixtures.hosts import process as proc
from fixtures.hosts.loopback import LoopbackHost
from fixtures.stack.certificates import CertificateAuthority
from fixtures.wait import wait_for
from loadtests.generator.spec import load_from_json
from suites.unit.load.model_server import MODEL, ollama

pytestmark = pytest.mark.unit

ADDRESS = "127.77.2.2"
PROFILE = """
[short]
users = 20
think_s = [0.1, 0.3]
seconds = 2
timeout_s = 5
output_tokens = [4, 8]
roles = { clinician = 0.7, nurse = 0.3 }
"""


@pytest.fixture
def host(tmp_path: Path) -> LoopbackHost:
    return LoopbackHost("server", ADDRESS, tmp_path / "server", "unit-load-cli")


@pytest.fixture
def short(tmp_path: Path) -> str:
    """A profile of one's own."""
    path = tmp_path / "short.toml"
    path.write_text(PROFILE)
    return str(path)


@pytest.fixture
def page(host: LoopbackHost) -> Iterator[str]:
    """A real nginx with a page, a redirection to where nothing is, and a door that is shut to everybody."""
    server = _nginx(
        host,
        f"listen {ADDRESS}:18081;\n"
        "location /moved { return 302 http://127.77.2.99/; } location /auth { return 403; } location / { return 200 ok; }",
    )
    _answering(18081)
    yield f"http://{ADDRESS}:18081"
    server.kill()


@pytest.fixture
def model_server(host: LoopbackHost, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server that speaks as OpenAI's does, behind TLS, and its authority."""
    authority = CertificateAuthority(tmp_path / "ca")
    pair = authority.issue("ward", tmp_path / "tls", names=(ADDRESS,))
    argv = [sys.executable, "-m", "fixtures.lab.load.faulty_server", ADDRESS, "18442", "{}"]
    ward = host.spawn(argv, service="ward", env={"PYTHONPATH": str(REPOSITORY)})
    front = _nginx(
        host,
        f"listen {ADDRESS}:18443 ssl; ssl_certificate {pair.certificate}; ssl_certificate_key {pair.key};\n"
        f"location / {{ proxy_pass http://{ADDRESS}:18442; proxy_buffering off; }}",
    )
    _answering(18442)
    _answering(18443)
    yield f"https://{ADDRESS}:18443/v1", authority.certificate
    front.kill()
    ward.kill()


def _nginx(host: LoopbackHost, server: str) -> proc.Process:
    place = host.directory
    temporary = " ".join(f"{k}_temp_path {place}/{k};" for k in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (place / "nginx.conf").write_text(
        f"daemon off; pid {place}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {temporary} server {{ {server} }} }}\n"
    )
    return host.spawn(["nginx", "-e", "stderr", "-p", str(place), "-c", "nginx.conf"], service="nginx")


def _answering(port: int) -> None:
    def connects() -> bool:
        with socket.create_connection((ADDRESS, port), timeout=1):
            return True

    wait_for(connects, what="the server answers", timeout_s=20)


def _target(folder: Path, text: str) -> str:
    path = folder / "target.toml"
    path.write_text(f'name = "mine"\n{text}\n')
    return str(path)


def _bare(folder: Path, url: str, more: str = "") -> str:
    return _target(folder, f'[load]\nurl = "{url}"\n{more}')


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["load", *arguments])


def _record(done: Result) -> Load:
    return load_from_json(json.dumps(json.loads(done.stdout)["load"]))


def _started(*arguments: str) -> subprocess.Popen[str]:
    argv = ["env", "--default-signal=INT", sys.executable, "-m", "cli", "load", *arguments]
    return subprocess.Popen(argv, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_any_http_server_can_be_loaded(page: str, short: str, tmp_path: Path) -> None:
    """Everybody reads the page; the record and its pictures are written."""
    target, output = _bare(tmp_path, page), tmp_path / "output"
    done = _run("--target", target, "--profile", short, "--rate", "50", "--seed", "3", "--output", str(output))
    assert done.exit_code in (0, 3), done.output
    assert f"load: 20 users, Poisson arrivals at 50/s, 2 s, to {ADDRESS}:18081" in done.stderr
    assert f"short on {ADDRESS}:18081: 20 users, Poisson arrivals at 50/s, 2 s, seed 3" in done.stdout
    assert re.search(r"not examined by this load: .*performance/recovers_after_spike", done.stdout)
    record = load_from_json((output / "record.json").read_text())
    pages = next(kind for kind in record.kinds if kind.kind == "page.get")
    assert record.complete
    assert 60 < pages.total < 140
    assert dict(pages.errors) == {}
    assert list(output.glob("*.svg"))


def test_a_redirection_is_not_followed(page: str, short: str, tmp_path: Path) -> None:
    """It is an answer that nobody asked for, which breaks the policy's limits."""
    target = _bare(tmp_path, page, 'page = "/moved"')
    done = _run(
        "--target", target, "--profile", short, "--users", "100", "--arrivals", "constant", "--rate", "60", "--json"
    )
    assert done.exit_code == 1, done.output
    pages = next(kind for kind in _record(done).kinds if kind.kind == "page.get")
    assert dict(pages.errors) == {"status 302": pages.total}


def test_an_ollama_server_can_be_loaded(short: str, tmp_path: Path) -> None:
    """Everybody asks for chats, with as many tokens as the profile says, and their times are recorded."""
    with ollama("127.0.0.1") as server:
        url = f"http://localhost:{server.server_port}/api"
        done = _run(
            "--target",
            _bare(tmp_path, url, f'kind = "ollama"\nmodel = "{MODEL}"\napi_key = "k-1"'),
            "--profile",
            f"{short}:short",
            "--json",
        )
    kinds = {kind.kind: kind for kind in _record(done).kinds}
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
    done = _run(
        "--target",
        _target(tmp_path, f'[trust]\nca = "{ca}"\n{section}'),
        "--profile",
        short,
        "--processes",
        "2",
        "--json",
    )
    untrusting = _run("--target", _target(tmp_path, section), "--profile", short)
    record = _record(done)
    kinds = {kind.kind: kind for kind in record.kinds}
    assert len(record.generators) == 2
    assert dict(kinds["inference.chat"].errors) == {}
    assert kinds["inference.chat:first_token"].total > 20
    assert _sentence(untrusting) == (
        f"a clinician without account could not connect to {ADDRESS}:18443: certificate not trusted; no load was sent"
    )


def test_a_target_that_refuses_log_in_is_said_in_one_sentence(page: str, short: str, tmp_path: Path) -> None:
    """Who was refused, and how; nothing was sent."""
    account = 'username = "doctor.x"\nrole = "physician"\ntenant = "t"\npassword = "never-shown"\ntotp_secret = ""'
    accounts = "\n".join(f"[[api.accounts]]\n{account}" for _ in range(20))
    done = _run(
        "--target", _target(tmp_path, f'[api]\nbase_url = "{page}"\n{accounts}'), "--profile", short, "--users", "1"
    )
    assert _sentence(done) == f"doctor.x could not log in at {ADDRESS}:18081: status 403; no load was sent"


def test_a_closed_port_is_said_in_one_sentence(short: str, tmp_path: Path) -> None:
    """Likewise."""
    done = _run("--target", _bare(tmp_path, f"http://{ADDRESS}:1"), "--profile", short)
    assert _sentence(done) == f"a visitor without account could not connect to {ADDRESS}:1: refused; no load was sent"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("", "say what to send, e.g. --profile smoke; see clinical-gate load --help"),
        ("--profile gaet", "no load profile named 'gaet'; there are gate, smoke"),
        ("--profile gone.toml", "cannot read gone.toml: No such file or directory"),
        ("--profile short.toml:long", "no load profile named 'long'; there are short"),
        ("--profile two.toml", "which profile of two.toml is meant? Write two.toml:NAME; there are a, b"),
        ("--profile flat.toml", "flat.toml: users stands outside a profile: begin with a line [NAME]"),
        ("--profile two.toml:a", "profile a: users: Input should be greater than or equal to 1"),
        ("--profile smoke --users 0", "profile smoke: users: Input should be greater than or equal to 1"),
        (
            "--profile smoke --users many",
            "Invalid value for '--users': 'many' is not a valid integer; see clinical-gate load",
        ),
        ("--profile smoke --seconds 0", "profile smoke: seconds: Input should be greater than 0"),
        ("--profile smoke --seconds inf", "profile smoke: seconds: Input should be less than or equal to 86400"),
        ("--profile smoke --rate 0", "profile smoke: 0 requests/s cannot be sent"),
        (
            "--profile smoke --rate 1e9",
            "profile smoke: think_s: 100 users who think so shortly would send 1e+09 requests/s",
        ),
        ("--profile spike --arrivals closed", "profile spike: shape: a closed loop has none"),
        ("--profile smoke --policy nope", "no policy named 'nope'; there are aimedres, default"),
        ("--profile smoke --policy broken.toml", "broken.toml is not TOML"),
        ("--profile smoke --processes 0", "Invalid value for '--processes': 0 is not in the range"),
        ("--profile ramp --processes 250", "250 processes would wait for one another here"),
        ("--profile smoke --users 1 --processes 2", "2 processes cannot share 1 users: each plays at least one"),
        ("--profile smoke --master 127.0.0.1:5557", "--master goes with --workers"),
        ("--profile smoke --master nowhere --workers 2", "--master nowhere is not host:port"),
        (
            "--profile smoke --master 192.0.2.1:5557 --workers 2",
            "cannot listen for workers on 192.0.2.1:5557: Cannot assign",
        ),
        ("--worker nowhere", "--worker nowhere is not host:port"),
        ("--worker no-such.invalid:5557", "--worker: no-such.invalid cannot be resolved to an address"),
        (
            "--worker 127.0.0.1:5557 --users 3",
            "a worker is told by its leader what to send: --worker goes with --target only",
        ),
        ("--profile smoke --output short.toml/x", "cannot write to short.toml/x: Not a directory"),
        ("--profile smoke --target gone.toml", "cannot read target file gone.toml: No such file or directory"),
        (
            "--profile smoke --target outside.toml",
            "[load] url: localhost resolves to 127.0.0.1, which is not in its addresses",
        ),
        (
            "--profile smoke --target public.toml",
            "[load] url leads to 1.1.1.1, a public address: if it is yours to load, add",
        ),
        ("--profile smoke --target untrusted.toml", "[trust] ca: cannot read authorities from"),
    ],
)
def test_what_can_be_mended_is_one_sentence(
    arguments: str, sentence: str, short: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and nothing is sent: the target's port is closed, which nobody notices."""
    monkeypatch.chdir(tmp_path)
    url = '[load]\nurl = "http://127.0.0.1:1"\nsecret = "ours"'
    for name, text in {
        "two": "[a]\nusers = -1\nthink_s = [1, 2]\nseconds = 1\nroles = { visitor = 1.0 }\n[b]\n",
        "flat": "users = 3\n",
        "broken": "x = [",
        "target": f'name = "mine"\n{url}',
        "untrusted": 'name = "mine"\ntrust.ca = "gone"\n[load]\nurl = "https://127.0.0.1"',
        "public": 'name = "mine"\n[load]\nurl = "http://1.1.1.1"',
        "outside": 'name = "mine"\n[load]\nurl = "http://localhost"\naddresses = ["10.0.0.0/8"]',
    }.items():
        (tmp_path / f"{name}.toml").write_text(text)
    given = arguments.split()
    said = _sentence(_run(*(given if "--target" in given else ["--target", "target.toml", *given])))
    assert said.startswith(sentence), f"{short}: {said}"


def _sentence(done: Result) -> str:
    """The one sentence on what can be mended; only progress may stand before it."""
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    lines = [line for line in done.stderr.splitlines() if not line.startswith("load: ")]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("clinical-gate: ")
    return lines[0].removeprefix("clinical-gate: ")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_load_leaves_nothing_running(signum: int, page: str, short: str, tmp_path: Path) -> None:
    """On Ctrl-C and on SIGTERM: one sentence, exit code 2, and no process is left."""
    running = _started("--target", _bare(tmp_path, page), "--profile", short, "--seconds", "600", "--processes", "2")
    assert running.stderr is not None
    senders = wait_for(lambda: _descendants(running.pid), what="it sends", timeout_s=30)
    line = wait_for(lambda: running.stderr and running.stderr.readline(), what="it says so", timeout_s=30)
    while "measuring" not in str(line):
        line = running.stderr.readline()
    senders |= _descendants(running.pid)
    running.send_signal(signum)
    _, said = running.communicate(timeout=30)
    assert said.splitlines()[-1] == "clinical-gate: interrupted"
    assert running.returncode == 2
    wait_for(lambda: not any(proc.process_identity(pid) for pid in senders), what="all are gone", timeout_s=10)


def _descendants(pid: int) -> set[int]:
    """The processes of the load: a child, and its two workers when they have started."""
    found: set[int] = set()
    for each in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, each.read_text().split()):
            found |= {child} | _descendants(child)
    return found


def test_workers_of_other_machines_play_their_parts(page: str, short: str, tmp_path: Path) -> None:
    """Each with a target file of its own; one with another secret is refused, and both sides say why."""
    port = _free_port()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    mine, theirs = (
        _bare(tmp_path / name, page, f'secret = "{secret}"') for name, secret in (("a", "ours"), ("b", "x"))
    )
    worker = ["--target", mine, "--worker", f"127.0.0.1:{port}"]
    workers = [_started(*worker), _started(*worker)]
    done = _run("--target", mine, "--profile", short, "--master", f"127.0.0.1:{port}", "--workers", "2", "--json")
    record = _record(done)
    said = [each.communicate(timeout=30) for each in workers]
    pages = next(kind for kind in record.kinds if kind.kind == "page.get")
    sent = [re.fullmatch(r"sent (\d+) requests for 10 users, 0 of them failed\n", out) for out, _ in said]
    assert sum(int(match[1]) for match in sent if match) == pages.total == sum(g.requests for g in record.generators)
    assert [each.returncode for each in workers] == [0, 0]
    assert all("waiting for the leader" in errors for _, errors in said)

    stranger = _started("--target", theirs, "--worker", f"127.0.0.1:{port}")
    refused = _run("--target", mine, "--profile", short, "--master", f"127.0.0.1:{port}", "--workers", "1")
    _, errors = stranger.communicate(timeout=30)
    assert _sentence(refused).endswith("refused: the leader does not hold the same target file; no load was sent")
    assert errors.splitlines()[-1] == "clinical-gate: the leader does not hold the same target file"
    assert stranger.returncode == 2


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_the_kubernetes_example_is_hardened() -> None:
    """It is YAML; the file with the secrets is a Secret; every container is confined."""
    documents = list(yaml.safe_load_all((REPOSITORY / "docs/kubernetes-workers.yaml").read_text()))
    kinds = [document["kind"] for document in documents]
    assert sorted(kinds) == ["Job", "Job", "NetworkPolicy", "Secret", "Service"]
    target = documents[kinds.index("Secret")]["stringData"]["target.toml"]
    assert TargetFile.model_validate(tomllib.loads(target)).load is not None
    for job in (document for document in documents if document["kind"] == "Job"):
        pod = job["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            confined = container["securityContext"]
            assert confined["readOnlyRootFilesystem"] is True
            assert confined["allowPrivilegeEscalation"] is False
            assert confined["capabilities"] == {"drop": ["ALL"]}
            assert set(container["resources"]["limits"]) == {"cpu", "memory"}
            command = [str(part) for part in container["args"]]
            assert command[0] == "load"
            options = {option for parameter in main.commands["load"].params for option in parameter.opts}
            assert {part.partition("=")[0] for part in command[1:]} <= options
