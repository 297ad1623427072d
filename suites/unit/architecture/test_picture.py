"""The picture of the architecture is what the imports say."""

from __future__ import annotations

from docs.draw_architecture import PICTURE, ROOMS, arrows, drawn, imports


def test_the_picture_is_true() -> None:
    """Draw it anew when this fails: python docs/draw_architecture.py."""
    assert PICTURE.read_text() == drawn()


def test_every_arrow_points_down() -> None:
    """A room imports only rooms that are drawn below it."""
    assert imports("commands")
    assert [(room, other) for room in ROOMS for other in imports(room) if ROOMS[other][1] <= ROOMS[room][1]] == []


def test_only_what_a_path_implies_has_no_arrow() -> None:
    """The long way round stands for the short one, and for nothing else."""
    graph = {"top": {"middle", "side", "bottom"}, "middle": {"bottom"}, "side": set[str](), "bottom": set[str]()}
    assert arrows(graph) == [("top", "middle"), ("top", "side"), ("middle", "bottom")]
