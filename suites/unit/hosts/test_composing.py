"""What tests of Compose projects leave alone: a project and an image that somebody has already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Self

import docker
import pytest

from suites import composing

pytestmark = [pytest.mark.unit]
TAG = "archive:latest"


@dataclass
class Rooms:
    """Containers, or volumes: name -> its project; stopped ones only when all are asked for."""

    held: Mapping[str, str]
    stopped: bool = False

    def list(self, *, filters: Mapping[str, str], **how: bool) -> list[Any]:
        """Those of a project."""
        asked = filters["label"].removeprefix("com.docker.compose.project=")
        seen = not self.stopped or how.get("all")
        return [SimpleNamespace(name=name) for name, project in self.held.items() if seen and project == asked]


@dataclass
class Images:
    """Tag -> id, and ids without a tag."""

    tags: dict[str, str] = field(default_factory=dict)
    bare: set[str] = field(default_factory=set)

    def list(self, **_: bool) -> list[Any]:
        """All of them."""
        return [SimpleNamespace(id=each) for each in {*self.tags.values(), *self.bare}]

    def get(self, tag: str) -> Any:  # noqa: ANN401  as the library has it
        """By its tag."""
        if tag not in self.tags:
            raise docker.errors.ImageNotFound(tag)
        return SimpleNamespace(id=self.tags[tag])

    def remove(self, tag: str, **_: bool) -> None:
        """Take the tag, and an image that has no other."""
        del self.tags[tag]

    def tag(self, image: str, name: str, version: str) -> None:
        """Move or make it."""
        self.tags[f"{name}:{version}"] = image
        self.bare.discard(image)

    def build(self, image: str) -> None:
        """Move the tag, as a build does."""
        self.bare |= {self.tags[TAG]} if TAG in self.tags else set()
        self.tag(image, *TAG.split(":"))


@dataclass
class Engine:
    """As much of an engine as is asked."""

    containers: Rooms = field(default_factory=lambda: Rooms({}))
    volumes: Rooms = field(default_factory=lambda: Rooms({}))
    images: Images = field(default_factory=Images)

    @property
    def api(self) -> Images:
        """What moves tags."""
        return self.images

    def used(self, monkeypatch: pytest.MonkeyPatch) -> Self:
        """The tests' helpers find this one."""

        @contextmanager
        def found(_timeout_s: int = 0) -> Iterator[Engine]:
            yield self

        monkeypatch.setattr(composing, "engine_or_refusal", found)
        return self


@pytest.mark.parametrize(
    "engine",
    [Engine(containers=Rooms({"orthanc-edge-1": "orthanc"}, stopped=True)), Engine(volumes=Rooms({"kept": "orthanc"}))],
    ids=["stopped-container", "volume"],
)
def test_a_project_that_is_there_is_not_taken_over(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test is skipped, and says whose it would be."""
    engine.used(monkeypatch)
    with pytest.raises(pytest.skip.Exception, match=r"a Compose project orthanc already: (orthanc-edge-1|kept)"):
        composing.skip_where_taken("orthanc")
    composing.skip_where_taken("another")


@pytest.mark.parametrize(
    ("before", "bare", "built", "after"),
    [
        ({}, set(), "new", {}),
        ({TAG: "old"}, set(), "old", {TAG: "old"}),
        ({TAG: "old"}, set(), "new", {TAG: "old"}),
        ({"mine:1": "old"}, set(), "old", {"mine:1": "old", TAG: "old"}),
        ({TAG: "old"}, {"older"}, "older", {TAG: "old"}),
    ],
    ids=["none-was-there", "the-same", "replaced", "under-another-tag", "an-older-one"],
)
def test_an_image_that_was_there_stays(
    before: dict[str, str], bare: set[str], built: str, after: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that was made is removed, whatever happened meanwhile."""
    engine = Engine(images=Images(dict(before), set(bare))).used(monkeypatch)
    with suppress(RuntimeError), composing.image_as_before(TAG):
        engine.images.build(built)
        raise RuntimeError
    assert engine.images.tags == after
