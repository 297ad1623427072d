"""Which part of a deployment a container is, by services written by hand."""

from __future__ import annotations

import pytest

from fixtures.survey.containers.compose import engine_host
from fixtures.survey.containers.placing import place
from fixtures.survey.containers.service import SeenService, hosts_in, image_name
from fixtures.survey.sighted import Sighted


def _service(image: str, ports: dict[int, str], address: str = "10.9.0.2", name: str = "s") -> SeenService:
    """Port -> where it is published; empty where it is exposed only."""
    published = {port: place for port, place in ports.items() if place}
    networks = {"back": address}
    return SeenService(name, image, (image,), tuple(ports), published, networks, "its own", frozenset(), (), ())


def _only(*services: SeenService) -> Sighted:
    placed, left = place(services)
    assert left == {}
    (part,) = placed
    return part


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("postgres", "postgres"),
        ("registry.clinic.test:5000/team/Postgres:16-alpine", "postgres"),
        ("ghcr.io/ggml-org/llama.cpp:server", "llama.cpp"),
        ("redis@sha256:0123", "redis"),
        ("sha256:0123", ""),
    ],
)
def test_an_image_is_called_by_the_last_part_of_its_reference(reference: str, name: str) -> None:
    assert image_name(reference) == name


@pytest.mark.parametrize(
    ("image", "ports", "part", "values"),
    [
        ("postgres", {5432: ""}, "database", {"hosts": ["10.9.0.2:5432"], "password_file": "secrets/database"}),
        ("postgres", {5432: "", 5433: "127.0.0.1:15433"}, "database", {"hosts": ["127.0.0.1:15433"]}),
        ("spilo-16", {5432: "127.0.0.1:1"}, "database", {"hosts": ["127.0.0.1:1"]}),
        ("records", {5432: "127.0.0.1:1"}, "database", {"hosts": ["127.0.0.1:1"]}),
        ("valkey", {6379: ""}, "cache", {"kind": "single", "nodes": ["10.9.0.2:6379"], "username": "default"}),
        ("prometheus", {}, "monitoring", {"prometheus": "http://10.9.0.2:9090"}),
        ("ollama", {11434: "127.0.0.1:1"}, "inference", {"servers": ["http://127.0.0.1:1"]}),
        ("litellm", {4000: "127.0.0.1:1"}, "inference", {"servers": ["http://127.0.0.1:1"]}),
        ("haproxy", {8443: "127.0.0.1:443"}, "edge", {"https": "127.0.0.1:443"}),
        ("portal", {443: "127.0.0.1:2", 80: "127.0.0.1:3"}, "edge", {"https": "127.0.0.1:2", "http": "127.0.0.1:3"}),
    ],
)
def test_a_part_is_known_by_its_image_or_its_port(
    image: str, ports: dict[int, str], part: str, values: dict[str, object]
) -> None:
    """A port that is published comes before an address of the container's own."""
    found = _only(_service(image, ports))
    assert found.part == part
    assert {key: found.values[key] for key in values} == values


@pytest.mark.parametrize(
    ("image", "ports", "address", "reason"),
    [
        ("worker", {}, "10.9.0.2", "no port"),
        ("worker", {8080: ""}, "10.9.0.2", "port 8080 of no part that is known"),
        ("postgres-exporter", {5432: ""}, "10.9.0.2", "port 5432 of no part that is known"),
        ("pgbouncer", {5432: ""}, "10.9.0.2", "port 5432 of no part that is known"),
        ("nginx", {80: "127.0.0.1:80"}, "10.9.0.2", "known by its image's name (nginx), which publishes no port 443"),
        ("portal", {443: ""}, "10.9.0.2", "port 443 of no part that is known"),
        ("postgres", {5432: ""}, "", "known by its image's name (postgres), which does not run, or has no address"),
    ],
)
def test_what_is_no_part_is_said_by_name(image: str, ports: dict[int, str], address: str, reason: str) -> None:
    """What speaks for another service is not taken for it."""
    placed, left = place([_service(image, ports, address)])
    assert placed == []
    assert left["s"].startswith(f"service s: image {image}, {reason}")
    assert left["s"].endswith(": nothing of it is looked at but its container")


def test_redis_is_a_cluster_or_under_sentinel_by_what_stands_beside_it() -> None:
    nodes = [_service("redis", {6379: ""}, f"10.9.0.{n}", f"cache{n}") for n in (1, 2)]
    assert _only(*nodes).values["kind"] == "cluster"
    watched = _only(*nodes, _service("redis-sentinel", {26379: ""}, "10.9.0.3", "watch")).values
    assert (watched["kind"], watched["sentinels"]) == ("sentinel", ["10.9.0.3:26379"])
    assert watched["nodes"] == ["10.9.0.1:6379", "10.9.0.2:6379"]


def test_the_first_of_several_front_doors_is_told_to_be_one_of_them() -> None:
    found = _only(*(_service("caddy", {443: f"127.0.0.1:{n}"}, name=f"web{n}") for n in (1, 2)))
    assert found.values["https"] == "127.0.0.1:1"
    assert "service web2, known by its image's name (caddy), port 443 at 127.0.0.1:2 (published)." in found.notes
    assert "The first of them stands here: say whether it is the right one." in found.notes


def test_labels_say_what_a_front_door_answers_to() -> None:
    """Those of other software say nothing here."""
    labels = {"traefik.http.routers.a.rule": "Host(`a.test`) || Host(`b.test`)", "other.rule": "Host(`c.test`)"}
    assert hosts_in(labels) == ("a.test", "b.test")


def test_ports_of_an_engine_elsewhere_are_published_there() -> None:
    assert engine_host("unix:///var/run/docker.sock") == "127.0.0.1"
    assert engine_host("tcp://10.0.0.2:2375") == "10.0.0.2"
