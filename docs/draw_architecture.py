"""Draws the rooms and who imports whom: ``python docs/draw_architecture.py`` writes ``docs/architecture.svg``.

The arrows are read off the imports, so the picture is true; a test draws it again and compares. What a path of
arrows implies has no arrow of its own: ``suites`` import ``checks``, and a path leads there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PICTURE = REPOSITORY / "docs" / "architecture.svg"
# Room -> (column, row, what it holds); upper rooms import lower ones.
ROOMS = {
    "suites": (1, 0, "when to run"),
    "commands": (1, 1, "the command line"),
    "runner": (0, 2, "a run: prove, judge, report"),
    "examples": (2, 2, "other people's deployments"),
    "fixtures": (1, 3, "the world: hosts, services, targets"),
    "reports": (0, 4, "what to say"),
    "loadtests": (2, 4, "the load"),
    "checks": (1, 5, "the rules"),
}
FLOW = ("target file", "target", "check", "result", "decision", "signed report")
_WIDTH, _HEIGHT, _BOX, _TALL = 1000, 760, 250, 56
_HEAD = (
    '<defs><marker id="a" markerWidth="9" markerHeight="9" refX="8" refY="4" orient="auto">'
    '<path d="M0 0 9 4 0 8z"/></marker></defs>'
)
_STYLE = (
    "text{font:15px system-ui,sans-serif;fill:#1b1f24}.s{font-size:12px;fill:#57606a}rect{fill:#f6f8fa;stroke:#8c959f}"
    "line{stroke:#8c959f}path{fill:#8c959f}svg{background:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9198a1}rect{fill:#161b22;stroke:#6e7681}svg{background:#0d1117}}"
)


def imports(room: str) -> set[str]:
    """The other rooms that a room imports."""
    found: set[str] = set()
    for source in sorted((REPOSITORY / room).rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
            elif isinstance(node, ast.Import):
                found.update(alias.name.split(".")[0] for alias in node.names)
    return {name for name in found if name in ROOMS and name != room}


def arrows(graph: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    """The imports that no path of other imports implies, upper room first."""

    def reached(room: str) -> set[str]:
        return graph[room].union(*(reached(below) for below in graph[room]))

    return [
        (room, other)
        for room in graph
        for other in sorted(graph[room])
        if not any(other in reached(below) for below in graph[room])
    ]


def drawn() -> str:
    """The picture as SVG."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        "<title>The rooms of clinical-gate, and which imports which</title>",
        f"<style>{_STYLE}</style>",
        _HEAD,
        *_flow(),
        *(_arrow(room, other) for room, other in arrows({room: imports(room) for room in ROOMS})),
        *(part for room in ROOMS for part in _box(room)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _place(room: str) -> tuple[int, int]:
    column, row, _ = ROOMS[room]
    return 60 + column * 315, 115 + row * 112


def _box(room: str) -> Iterator[str]:
    x, y = _place(room)
    yield f'<rect x="{x}" y="{y}" width="{_BOX}" height="{_TALL}" rx="8"/>'
    yield f'<text x="{x + _BOX // 2}" y="{y + 24}" text-anchor="middle">{room}/</text>'
    yield f'<text class="s" x="{x + _BOX // 2}" y="{y + 43}" text-anchor="middle">{ROOMS[room][2]}</text>'


def _arrow(room: str, other: str) -> str:
    (x1, y1), (x2, y2) = _place(room), _place(other)
    lean = (x2 - x1) // 5
    start, end = x1 + _BOX // 2 + lean, x2 + _BOX // 2 - lean
    return f'<line x1="{start}" y1="{y1 + _TALL}" x2="{end}" y2="{y2 - 2}" marker-end="url(#a)"/>'


def _flow() -> Iterator[str]:
    step = (_WIDTH - 40) // len(FLOW)
    for number, name in enumerate(FLOW):
        x = 37 + number * step
        yield f'<rect x="{x}" y="30" width="{step - 34}" height="40" rx="20"/>'
        yield f'<text x="{x + (step - 34) // 2}" y="55" text-anchor="middle">{name}</text>'
        if number:
            yield f'<line x1="{x - 32}" y1="50" x2="{x - 3}" y2="50" marker-end="url(#a)"/>'


if __name__ == "__main__":
    PICTURE.write_text(drawn())
