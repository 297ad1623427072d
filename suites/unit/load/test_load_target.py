"""Where load goes: to what the target file lists, by one literal address, and nowhere else."""

from __future__ import annotations

import re
import socket
import tomllib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from checks.application import LoadAct
from checks.model import CannotLookError, Reason
from checks.targets import Api, Edge, Loads
from fixtures import REPOSITORY
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.destination import destination, endpoint
from fixtures.deployment.reachability import Reached, reachability
from fixtures.deployment.target_file import TargetError, TargetFile, read_target
from fixtures.hosts.files import write_private
from fixtures.stack.certificates import CertificateAuthority
from fixtures.targets.load.target import load_spec
from loadtests.generator.messages import Mail, MailError
from loadtests.schedules.profiles import load_profile

pytestmark = pytest.mark.unit

ACCOUNT = {"username": "n", "role": "nurse", "tenant": "t", "password": "never-shown", "totp_secret": "SECRET"}


def _target(**sections: object) -> TargetFile:
    return TargetFile.model_validate({"name": "mine", "environment": "test"} | sections)


def _bare(url: str, **more: object) -> TargetFile:
    return _target(load={"url": url} | more)


def _full(base_url: str, https: str, server_name: str = "clinic.test", **more: object) -> TargetFile:
    edge = {"https": https, "http": https, "server_name": server_name}
    return _target(api={"base_url": base_url, "accounts": [ACCOUNT]} | more, edge=edge)


def test_a_name_is_looked_up_once_and_kept_for_the_server() -> None:
    """The load has the literal address, IPv4 first; the name goes into SNI and the Host header."""
    whom = destination(_bare("http://localhost:8080/clinic/"))
    assert (whom.base_url, whom.server_name, whom.ca) == ("http://127.0.0.1:8080/clinic", "localhost", "")
    assert (whom.place, whom.prefix) == ("localhost at 127.0.0.1:8080", "/clinic")
    assert destination(_bare("https://10.0.0.7")).base_url == "https://10.0.0.7:443"
    assert destination(_bare("http://[::1]:80")).base_url == "http://[::1]:80"


@pytest.mark.parametrize(
    ("kind", "path", "dialect"), [("openai", "/v1", "openai"), ("ollama", "/api/", "ollama"), ("openai", "", "openai")]
)
def test_a_model_server_may_be_given_with_its_own_path(kind: str, path: str, dialect: str) -> None:
    """Clients of these servers are usually given URLs that end so."""
    whom = destination(_bare(f"http://127.0.0.1:11434{path}", kind=kind, model="gemma3:1b"))
    assert (whom.base_url, whom.dialect, whom.model) == ("http://127.0.0.1:11434", dialect, "gemma3:1b")


@pytest.mark.parametrize(
    ("url", "addresses", "reason"),
    [
        (
            "http://1.1.1.1",
            [],
            '1.1.1.1, a public address: if it is yours to load, add addresses = ["1.1.1.1/32"] to [load] of the target',
        ),
        ("http://0x01010101", [], "[load] url: 0x01010101 resolves to 1.1.1.1, a public address"),
        ("http://[::ffff:1.1.1.1]", [], "a public address"),
        ("http://[2606:4700::1111]", [], 'add addresses = ["2606:4700::1111/128"]'),
        (
            "http://localhost",
            ["10.0.0.0/8", "fd00::/8"],
            "localhost resolves to 127.0.0.1, which is not in its addresses (10.0.0.0/8, fd00::/8): load goes to no",
        ),
        ("http://1.1.1.1", ["10.0.0.0/8"], "[load] url leads to 1.1.1.1, which is not in its addresses"),
        ("http://no-such-host.invalid", [], "[load] url: no-such-host.invalid cannot be resolved to an address"),
        ("http://127.0.0.1:8080/?a=b", [], "is not scheme://host:port, with at most a path after it"),
        ("http://me:secret@127.0.0.1", [], "is not scheme://host:port"),
    ],
)
def test_load_goes_nowhere_else(url: str, addresses: list[str], reason: str) -> None:
    """Said before anything is sent."""
    with pytest.raises(TargetError, match=re.escape(reason)):
        destination(_bare(url, addresses=addresses))


def test_a_public_address_may_be_declared() -> None:
    """By a prefix that holds it."""
    assert destination(_bare("http://1.1.1.1", addresses=["1.1.1.0/24"])).base_url == "http://1.1.1.1:80"


def test_passwords_go_to_no_address_but_the_edge() -> None:
    """What the edge is called is not what another address is called."""
    assert destination(_full("https://127.0.0.1", "localhost:443")).server_name == "clinic.test"
    assert destination(_full("https://localhost", "127.0.0.1:443")).server_name == "localhost"
    with pytest.raises(
        TargetError, match=r"base_url leads to 127.0.0.2, but \[edge\] https to 127.0.0.1: load goes to no"
    ):
        destination(_full("https://127.0.0.2", "localhost:443"))
    with pytest.raises(TargetError, match=r"\[api\] base_url leads to 1.1.1.1, a public address"):
        destination(_full("https://1.1.1.1", "1.1.1.1:443"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            '[api]\nbase_url = "http://a"\naccounts = []\n[load]\nurl = "http://a"',
            ": [api] and [load] both say where load goes",
        ),
        ('[load]\nurl = "http://a"\nkind = "grpc"', ": load.kind: Input should be 'http', 'openai' or 'ollama'"),
        ('[load]\nurl = "gopher://a"', ": load.url: "),
        ('[load]\nurl = "http://a"\npage = "a b"', ": load.page: "),
        ('[load]\nurl = "http://a"\naddresses = ["10.0.0.1/8"]', ": load.addresses.0: value is not a valid"),
        (
            '[federation]\nnodes = []\ncertificate = "a"\nkey = "b"\nca = "c"\nedge_key = "d"',
            ": federation: edge_certificate and edge_key go together",
        ),
        ('[load]\nurl = "http://a"\nkey = "a"', ": load: certificate and key go together"),
        ('[load]\nurl = "http://a"\napi_key = "a\\r\\nb"', ": load.api_key: "),
    ],
)
def test_a_malformed_target_file_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    """With the place and the reason."""
    path = tmp_path / "target.toml"
    write_private(path, f'name = "mine"\n{text}\n')
    with pytest.raises(TargetError, match=rf"target file {re.escape(str(path))}:\d+{re.escape(reason)}"):
        read_target(path)


def test_authorities_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """Missing or no PEM; what is right is passed on."""
    authority = CertificateAuthority(tmp_path / "ca")
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no PEM")

    def trusting(ca: Path) -> TargetFile:
        return _target(trust={"ca": ca}, load={"url": "https://127.0.0.1"})

    assert destination(trusting(authority.certificate)).ca == str(authority.certificate)
    with pytest.raises(TargetError, match=r"\[trust\] ca: cannot read authorities from .*gone.pem \(No such file"):
        destination(trusting(tmp_path / "gone.pem"))
    with pytest.raises(TargetError, match=r"\[trust\] ca: cannot read authorities from .*garbage.pem \(no PEM file"):
        destination(trusting(garbage))


def test_nodes_show_the_edge_a_certificate_of_its_own(tmp_path: Path) -> None:
    """That of the hospital nodes is for the nodes: the edge trusts another authority. Without one they show none."""
    pair = CertificateAuthority(tmp_path / "ca").issue("node", tmp_path)
    federation = {"nodes": [], "certificate": "member.crt", "key": "member.key", "ca": "ca.crt"}
    api = {"base_url": "https://127.0.0.1", "accounts": [ACCOUNT]}
    bare = destination(_target(api=api, federation=federation))
    assert (bare.node_certificate, bare.node_key) == ("", "")
    shown = {"edge_certificate": pair.certificate, "edge_key": pair.key}
    whom = destination(_target(api=api, federation=federation | shown))
    assert (whom.node_certificate, whom.node_key) == (str(pair.certificate), str(pair.key))
    with pytest.raises(TargetError, match=r"\[federation\] edge_certificate: cannot read certificate and key from"):
        destination(_target(api=api, federation=federation | shown | {"edge_key": tmp_path / "gone.key"}))


@pytest.mark.parametrize(
    ("kind", "role", "does"), [("http", "visitor", "page.get"), ("ollama", "clinician", "inference.chat")]
)
def test_on_a_bare_server_everybody_does_what_it_is_for(kind: str, role: str, does: str) -> None:
    """As many users, at the same rate and in the same shape, with no account to log in with."""
    for name in ("gate", "kpi", "spike"):
        profile = load_profile(name)
        spec = load_spec(_bare("http://127.0.0.1", kind=kind), profile, 1)
        assert dict(spec.profile.roles) == {role: 1.0}
        assert {action for each, _ in spec.assignments() for action in spec.profile.weights(each)} == {does}
        assert (spec.profile.rate, spec.profile.shape, spec.profile.name) == (profile.rate, profile.shape, name)
        assert spec.accounts == ()


def test_a_profile_outside_the_limits_comes_from_the_exempt_addresses() -> None:
    """The others do not."""
    client = {"load_network": "10.1.0.0/22", "exempt_network": "10.2.0.0/24"}
    target = _target(client=client, load={"url": "http://127.0.0.1"})
    assert load_spec(target, load_profile("kpi"), 1).sources == "10.2.0.0/24"
    assert load_spec(target, load_profile("gate"), 1).sources == "10.1.0.0/22"


def test_leader_and_workers_know_each_other_by_a_secret() -> None:
    """Without accounts the file needs one; with another secret, name or model a message is not opened."""
    profile = load_profile("smoke")
    with pytest.raises(TargetError, match=r"holds neither accounts nor a secret.*add secret = "):
        load_spec(_bare("http://127.0.0.1"), profile, 1, listen="127.0.0.1:5557")
    mine = load_spec(_bare("http://127.0.0.1", secret="ours"), profile, 1, listen="127.0.0.1:5557")  # noqa: S106
    letter = Mail(mine).sealed("assignment", "n", {"number": 1})
    ours = Mail(destination(_bare("http://127.0.0.1", secret="ours")))  # noqa: S106
    assert ours.opened("assignment", "n", letter) == {"number": 1}
    for other in ({"secret": "theirs"}, {"secret": "ours", "model": "b"}, {"secret": "ours", "page": "/b"}):
        with pytest.raises(MailError):
            Mail(destination(_bare("http://127.0.0.1", **other))).opened("assignment", "n", letter)


def test_no_secret_is_part_of_the_identity() -> None:
    """Nor does it change when one does."""
    one, two = (_bare("http://127.0.0.1", secret=secret).identity() for secret in ("a", "b"))
    assert one == two
    assert one != _bare("http://127.0.0.2", secret="a").identity()  # noqa: S106  a sample


@pytest.mark.parametrize("text", ["x", ":5557", "host:", "host:0", "host:70000", "host:5557x", "127.0.0.1"])
def test_a_leaders_address_is_host_and_port(text: str) -> None:
    """Anything else is named."""
    with pytest.raises(TargetError, match=f"--worker {text} is not host:port"):
        endpoint("--worker", text)


def test_a_leaders_name_is_looked_up() -> None:
    """Once, as a target's."""
    assert endpoint("--worker", "localhost:5557") == "127.0.0.1:5557"
    assert endpoint("--master", "[::1]:5557") == "[::1]:5557"
    with pytest.raises(TargetError, match=r"--worker: no-such-host.invalid cannot be resolved"):
        endpoint("--worker", "no-such-host.invalid:5557")


def test_a_bare_server_leaves_the_other_checks_unknown() -> None:
    """What needs a section that is not there, or authorities that are not declared, says so."""
    bare = Deployment(_bare("http://127.0.0.1:1"))
    with pytest.raises(CannotLookError, match=r"no \[api\] section") as missing:
        bare.find(Api)
    assert missing.value.reason is Reason.NOT_DECLARED
    untrusting = Deployment(_full("https://127.0.0.1", "127.0.0.1:443"))
    with pytest.raises(CannotLookError, match=r"no \[trust\] section") as missing:
        untrusting.find(Edge)
    assert missing.value.reason is Reason.NOT_DECLARED
    with pytest.raises(CannotLookError, match=r"neither an \[api\] nor a \[load\] section") as missing:
        Deployment(_target()).find(Loads)
    assert missing.value.reason is Reason.NOT_DECLARED


def test_a_gate_sends_a_production_system_no_load_above_its_stated_rate() -> None:
    """UNKNOWN with the lines, before anything is opened; a stated rate that the profile keeps is taken."""
    serving = {"environment": "production"}
    with pytest.raises(CannotLookError, match=r'is a production system.*environment = "staging"') as refused:
        Deployment(_target(load={"url": "http://127.0.0.1:1"}, **serving)).find(Loads)
    assert refused.value.reason is Reason.NOT_DECLARED
    slow = Deployment(_target(load={"url": "http://127.0.0.1:1", "rate": 1}, **serving))
    loads = slow.find(Loads)
    assert isinstance(loads, Loads)
    with pytest.raises(CannotLookError, match=r"sends up to 20 requests/s, and mine, .* states rate = 1 "):
        loads.load()
    slow.close()
    fast = _target(load={"url": "http://127.0.0.1:1", "rate": 20}, **serving)
    assert load_spec(fast, load_profile("gate"), 1).profile.rate == 20


def _reached(deployment: Deployment) -> Mapping[str, Reached]:
    with closing(deployment):
        return reachability(deployment)


def test_target_check_says_whether_the_server_can_be_reached() -> None:
    """A listening port and a closed one; where load goes to an application, its port likewise."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert _reached(Deployment(_bare(f"http://127.0.0.1:{port}")))["loads"] == Reached(declared=True)
    assert "refused" in _reached(Deployment(_bare(f"http://127.0.0.1:{port}")))["loads"].problem
    assert not _reached(Deployment(_target()))["loads"].declared


def test_the_target_files_of_the_readme_are_complete() -> None:
    """A bare server, a model server and a full deployment."""
    blocks = re.findall(r"```toml\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    targets = [
        TargetFile.model_validate(tomllib.loads(block)) for block in blocks if "\n[load]" in block or "\n[api]" in block
    ]
    assert [target.load.kind if target.load else "full" for target in targets] == ["http", "ollama", "full"]
    [acts] = [tomllib.loads(block)["load"] for block in blocks if "[[load]]" in block]
    assert [LoadAct(**act).action for act in acts] == ["patient.read", "patient.encounter"]
