"""Containers as Compose starts them, on the engine of this machine: busybox in images of any name.

database = start(bench, "db", "postgres", ports={"5432/tcp": None})     # of the project that is named as the run
"""

from __future__ import annotations

from typing import Any

from checks.lab import ContainerFlaws
from fixtures.hosts.engine import engine_address, engine_at
from fixtures.lab.builders import LabBuilder
from fixtures.lab.laboratory import Bench
from fixtures.targets.containers.target import COMPOSE_PROJECT

IDLE = ["/bin/busybox", "sleep", "600"]


def image_of(bench: Bench, name: str) -> str:
    """The image of the lab by another name, which is gone with the bench."""
    image, reference = bench.shared("image of a survey", _lab_image), f"clinical-gate-{bench.driver.run_id}/{name}:1"
    with engine_at(engine_address()) as engine:
        engine.api.tag(image, reference.removesuffix(":1"), "1")
    bench.closing.callback(_remove_image, reference)
    return reference


def _lab_image(bench: Bench) -> str:
    (facts,) = LabBuilder(bench).build(ContainerFlaws(user="")).containers()
    return facts.image_id


def _remove_image(reference: str) -> None:
    with engine_at(engine_address()) as engine:
        engine.api.remove_image(reference)


def _remove_container(identity: str) -> None:
    with engine_at(engine_address()) as engine:
        engine.api.remove_container(identity, force=True, v=True)


def start(bench: Bench, service: str, image: str, **options: Any) -> Any:  # noqa: ANN401  of the SDK, which ships no types
    """A container of the Compose project that is named after the run."""
    run = bench.driver.run_id
    labels = {COMPOSE_PROJECT: run, "com.docker.compose.service": service, **options.pop("labels", {})}
    reference = image_of(bench, image)
    with engine_at(engine_address()) as engine:
        made = engine.containers.run(reference, IDLE, detach=True, labels=labels, **options)
        bench.closing.callback(_remove_container, made.id)
        made.reload()
    return made


def published(container: Any, port: int) -> str:  # noqa: ANN401  likewise
    return f"127.0.0.1:{container.ports[f'{port}/tcp'][0]['HostPort']}"


def own(container: Any) -> str:  # noqa: ANN401  likewise
    return str(container.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"])
