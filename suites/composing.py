"""Docker Compose as it is on this machine: the plugin, or the older program of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from fixtures.hosts.docker.usable import engine_or_refusal
from fixtures.targets.containers.target import COMPOSE_PROJECT


def _program() -> tuple[str, ...]:
    plugin = shutil.which("docker") and subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False
    )
    if plugin and plugin.returncode == 0:
        return ("docker", "compose")
    return ("docker-compose",) if shutil.which("docker-compose") else ()


PROGRAM = _program()
NEEDS_COMPOSE = pytest.mark.skipif(not PROGRAM, reason="Docker Compose is not installed: apt install docker-compose")


def compose(folder: Path, *words: str, timeout_s: float = 300.0, files: Sequence[Path] = ()) -> str:
    """Run it on the project of a folder; returns what it printed.

    Raises:
        AssertionError: it failed; carries what it said.
    """
    chosen = [word for file in files for word in ("--file", str(file))]
    argv = [*PROGRAM, "--project-directory", str(folder), *chosen, *words]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stderr[-3000:]}"
    return done.stdout


def skip_where_taken(project: str) -> None:
    """What an engine has of a project of this name is somebody's: it is neither taken over nor removed."""
    mine = {"label": f"{COMPOSE_PROJECT}={project}"}
    with engine_or_refusal() as engine:
        found = [each.name for each in engine.containers.list(all=True, filters=mine)]
        found += [each.name for each in engine.volumes.list(filters=mine)]
    if found:
        pytest.skip(f"the engine has a Compose project {project} already: {', '.join(sorted(found))}")


@contextmanager
def image_as_before(tag: str) -> Iterator[None]:
    """Afterwards the tag is where it was, and an image that was made meanwhile is gone; one that was there stays."""
    with engine_or_refusal() as engine:
        there = {image.id for image in engine.images.list(all=True)}
        tagged = _tagged(engine, tag)
    try:
        yield
    finally:
        with engine_or_refusal(60) as engine:
            made = _tagged(engine, tag)
            if made and made not in there:
                engine.images.remove(tag, force=True)
            if tagged and made != tagged:
                engine.api.tag(tagged, *tag.split(":"))


def _tagged(engine: docker.DockerClient, tag: str) -> str:
    """The id of the image, or nothing."""
    try:
        return str(engine.images.get(tag).id)
    except docker.errors.ImageNotFound:
        return ""
