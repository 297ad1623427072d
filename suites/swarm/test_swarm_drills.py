"""Drills of a Swarm: the front door and the agents of deploy/stack.yml, as it says, on three engines, under load.

What the drills change of the file: the images, and the encryption of the overlay where this kernel has none (ESP).
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures import REPOSITORY
from fixtures.hosts.docker.base import debian_base
from fixtures.hosts.docker.usable import engine_or_refusal
from fixtures.hosts.loopback import may_use_namespaces
from fixtures.stack.certificates import CertificateAuthority
from fixtures.wait import wait_for
from suites.swarm.engines import Swarm, three_engines
from suites.swarm.steady_requests import RATE, SteadyRequests
from suites.unit.hosts.host_image import NEEDS_HOST_IMAGE

pytestmark = [
    pytest.mark.swarm,
    NEEDS_HOST_IMAGE,
    pytest.mark.skipif(not may_use_namespaces(), reason="network namespaces need root"),
]
STACK, AGENTS, VERSIONS = "clinic", 4, ("1", "2", "bad")
SHARE_OF_ERRORS = 0.001  # of the default policy's error rate
_SETTLED_S, _HERE = 180.0, Path(__file__).parent


def _encrypts() -> bool:
    """Whether this kernel has what an encrypted overlay takes."""
    state = ["ip", "xfrm", "state", "add", "src", "127.0.0.1", "dst", "127.0.0.1", "proto", "esp", "spi", "0x1"]
    state += ["mode", "transport", "aead", "rfc4106(gcm(aes))", "0x" + "00" * 20, "128"]
    done = subprocess.run(["unshare", "--net", *state], capture_output=True, check=False)
    return done.returncode == 0


@dataclass(frozen=True)
class ClinicStack:
    """The stack as it runs."""

    swarm: Swarm
    folder: Path
    authority: CertificateAuthority

    def deploy(self, version: str = "1", key: str = "agent_key_1") -> None:
        """Bring it to a version of the agent and a key."""
        variables = {"EDGE_IMAGE": "clinical-gate-swarm:1", "AGENT_IMAGE": f"clinical-gate-swarm:{version}"}
        self.swarm.deploy(STACK, self._document(), variables | {"AGENT_KEY": key}, self.folder)

    def _document(self) -> Mapping[str, Any]:
        text = (REPOSITORY / "deploy" / "stack.yml").read_text()
        whole = yaml.safe_load(text)
        services = {name: whole["services"][name] for name in ("edge", "agent")}
        networks = whole["networks"]
        if not _encrypts():
            for network in networks.values():
                network.pop("driver_opts", None)
        conf = {"edge_conf": {"file": str(REPOSITORY / "deploy" / "edge.conf")}}
        named = ("edge_crt", "edge_key", "agent_key")
        secrets = {name: whole["secrets"][name] for name in named}
        return {
            "version": whole["version"],
            "services": services,
            "networks": networks,
            "configs": conf,
            "secrets": secrets,
        }

    def traffic(self) -> SteadyRequests:
        """To both front doors."""
        return SteadyRequests([node.host.address for node in self.swarm.nodes[:2]], self.authority.certificate)

    def running(self, name: str, image: str = "") -> int:
        """How many of its tasks run, of an image if one is told, on nodes that are there."""
        with self.swarm.nodes[0].client() as engine:
            ready = {each["ID"] for each in engine.api.nodes() if each["Status"]["State"] == "ready"}
            tasks = engine.api.tasks(filters={"service": f"{STACK}_{name}", "desired-state": "running"})
        up = [each for each in tasks if each["Status"]["State"] == "running" and each.get("NodeID") in ready]
        return len([each for each in up if image in each["Spec"]["ContainerSpec"]["Image"]])

    def update(self, version: str = "1", key: str = "agent_key_1") -> Callable[[str], bool]:
        """Deploy; returns whether the update of the agents that this began has come to a state, e.g. ``completed``."""
        before = self._update_status()
        self.deploy(version, key)

        def come_to(state: str) -> bool:
            now = self._update_status()
            return now.get("StartedAt") != before.get("StartedAt") and now.get("State") == state

        return come_to

    def _update_status(self) -> Mapping[str, Any]:
        with self.swarm.nodes[0].client() as engine:
            return dict(engine.api.inspect_service(f"{STACK}_agent").get("UpdateStatus") or {})


def _await(condition: Callable[[], bool], what: str) -> float:
    """How long it took, in seconds."""
    began = time.monotonic()
    wait_for(condition, what=what, timeout_s=_SETTLED_S, interval_s=0.2)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of the images of all versions."""
    archive = tmp_path_factory.mktemp("images") / "images.tar"
    with engine_or_refusal(600) as engine:
        base = debian_base(engine, print)
        for version in VERSIONS:
            arguments = {"BASE": base, "VERSION": version}
            tag = f"clinical-gate-swarm:{version}"
            engine.images.build(path=str(_HERE / "agent"), tag=tag, buildargs=arguments, network_mode="host", rm=True)
    names = [f"clinical-gate-swarm:{version}" for version in VERSIONS]
    subprocess.run(["docker", "save", "--output", str(archive), *names], check=True)
    with engine_or_refusal(600) as engine:
        for name in names:
            engine.images.remove(name, force=True)
    return archive


@pytest.fixture(scope="module")
def clinic(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClinicStack]:
    folder = tmp_path_factory.mktemp("clinic")
    authority = CertificateAuthority(folder / "ca")
    pair = authority.issue("edge", folder)
    with three_engines() as swarm:
        for node in swarm.nodes:
            node.run("load", "--quiet", "--input", str(images))
        first = swarm.nodes[0]
        for name, content in (("edge_crt", pair.certificate), ("edge_key", pair.key)):
            first.run("secret", "create", name, str(content))
        for number in (1, 2):
            first.run("secret", "create", f"agent_key_{number}", "-", stdin=f"key {number}".encode())
        made = ClinicStack(swarm, folder, authority)
        made.deploy()
        _await(lambda: made.running("agent") == AGENTS and made.running("edge") == 2, "the stack runs")
        yield made


def _told(record_property: Callable[[str, object], None], **figures: object) -> None:
    for name, value in figures.items():
        record_property(name, value)
    shown = [
        f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items()
    ]
    print(", ".join(shown))  # noqa: T201  pytest -s


def _steady(traffic: SteadyRequests) -> None:
    """Some seconds of load before something happens, all of it answered: or what follows would prove nothing."""
    wait_for(lambda: len(traffic.seen) > RATE * 3, what="three seconds of load", timeout_s=30)
    assert traffic.lost == []


def test_a_rolling_update_under_load_loses_no_request(
    clinic: ClinicStack, record_property: Callable[[str, object], None]
) -> None:
    """Four agents are replaced, one after another, and every request is answered."""
    with clinic.traffic() as traffic:
        _steady(traffic)
        come_to = clinic.update("2")
        took = _await(lambda: come_to("completed"), "the update is done")
        _await(lambda: {each.version for each in traffic.latest(40)} == {"2"}, "only the new version answers")
    _told(
        record_property, update_s=took, requests=len(traffic.seen), gap_s=traffic.longest_gap_s, lost=len(traffic.lost)
    )
    assert traffic.lost == []
    assert set(traffic.served()) == {"1", "2"}
    come_to = clinic.update("1")
    _await(lambda: come_to("completed"), "the old version is back")


def test_a_bad_image_rolls_back_by_itself(clinic: ClinicStack, record_property: Callable[[str, object], None]) -> None:
    """It never answers anybody, not even by an error: what is not healthy is not found by DNS."""
    with clinic.traffic() as traffic:
        _steady(traffic)
        come_to = clinic.update("bad")
        took = _await(lambda: come_to("rollback_completed"), "it is rolled back")
    share = len(traffic.lost) / len(traffic.seen)
    _told(record_property, rollback_s=took, requests=len(traffic.seen), errors=len(traffic.lost), share=share)
    assert share <= SHARE_OF_ERRORS
    assert set(traffic.served()) == {"1"}
    assert "bad" not in traffic.answered()
    assert clinic.running("agent", ":1") == AGENTS


def test_a_rotated_secret_reaches_every_agent(
    clinic: ClinicStack, record_property: Callable[[str, object], None]
) -> None:
    """And the old one can be removed then, while every request is answered."""
    with clinic.traffic() as traffic:
        _steady(traffic)
        (before,) = {each.key for each in traffic.latest(40)}
        come_to = clinic.update("1", key="agent_key_2")
        took = _await(lambda: come_to("completed"), "every agent has the new key")
        _await(lambda: before not in {each.key for each in traffic.latest(40)}, "only the new key is used")
    _told(record_property, rotation_s=took, requests=len(traffic.seen), lost=len(traffic.lost))
    assert traffic.lost == []
    clinic.swarm.nodes[0].run("secret", "rm", "agent_key_1")
    with pytest.raises(AssertionError, match="is in use"):
        clinic.swarm.nodes[0].run("secret", "rm", "agent_key_2")


def test_a_lost_node_is_made_up_for(clinic: ClinicStack, record_property: Callable[[str, object], None]) -> None:
    """The third node is cut off: its agents run elsewhere soon, and the front doors answer all the while."""
    lost = clinic.swarm.nodes[2].host
    with clinic.traffic() as traffic:
        _steady(traffic)
        lost.isolate()
        took = _await(
            lambda: _ready_nodes(clinic) == 2 and clinic.running("agent") == AGENTS, "four agents on two nodes"
        )
    lost.heal()
    back = _await(lambda: _ready_nodes(clinic) == 3, "the node is back")
    _told(
        record_property,
        restored_s=took,
        back_s=back,
        requests=len(traffic.seen),
        lost=len(traffic.lost),
        gap_s=traffic.longest_gap_s,
    )
    assert len(traffic.lost) / len(traffic.seen) <= SHARE_OF_ERRORS


def _ready_nodes(clinic: ClinicStack) -> int:
    with clinic.swarm.nodes[0].client() as engine:
        return sum(each["Status"]["State"] == "ready" for each in engine.api.nodes())
